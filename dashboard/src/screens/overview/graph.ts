import type { QueueStatus } from "@/api/types";
import type { Edge } from "@/live/rates";
import type { TaskSearch } from "@/model/taskSearch";
import type { Tone } from "@/ui/Chip";

/** Where a task can be, as the graph shows it; places are in units of the drawing. */
export interface Place {
  id: "submitted" | "waiting" | "retry" | "running" | "scheduled" | "completed" | "failed" | "dead";
  label: string;
  tone: Tone;
  x: number;
  y: number;
  search: TaskSearch;
  count: (status: QueueStatus) => number | null;
}

export const WIDTH = 1000;
export const HEIGHT = 256;
export const BOX = { width: 156, height: 56 } as const;

export const PLACES: readonly Place[] = [
  { id: "submitted", label: "Submitted", tone: "cancelled", x: 84, y: 84, search: {}, count: () => null },
  {
    id: "waiting",
    label: "Waiting",
    tone: "pending",
    x: 320,
    y: 84,
    search: { queue: "primary" },
    count: (status) => status.queues.primary ?? 0,
  },
  {
    id: "retry",
    label: "Retry",
    tone: "pending",
    x: 320,
    y: 194,
    search: { queue: "retry" },
    count: (status) => status.queues.retry ?? 0,
  },
  {
    id: "running",
    label: "Running",
    tone: "active",
    x: 572,
    y: 84,
    search: { state: "ACTIVE" },
    count: (status) => status.states.ACTIVE ?? 0,
  },
  {
    id: "scheduled",
    label: "Scheduled",
    tone: "scheduled",
    x: 572,
    y: 194,
    search: { state: "SCHEDULED" },
    count: (status) => status.states.SCHEDULED ?? 0,
  },
  {
    id: "completed",
    label: "Completed",
    tone: "completed",
    x: 900,
    y: 36,
    search: { state: "COMPLETED" },
    count: (status) => status.states.COMPLETED ?? 0,
  },
  {
    id: "failed",
    label: "Failed",
    tone: "failed",
    x: 900,
    y: 116,
    search: { state: "FAILED" },
    count: (status) => status.states.FAILED ?? 0,
  },
  {
    id: "dead",
    label: "Dead letters",
    tone: "dlq",
    x: 900,
    y: 196,
    search: { state: "DLQ" },
    count: (status) => status.states.DLQ ?? 0,
  },
];

export interface Arrow {
  edge: Edge;
  path: string;
  /** Where its rate is written. */
  at: { x: number; y: number };
  /** Drawn only while something goes along it. */
  isRare?: boolean;
}

const half = BOX.width / 2;
const place = (id: Place["id"]) => PLACES.find((one) => one.id === id) ?? PLACES[0] ?? never();

function never(): never {
  throw new Error("the graph has no places");
}

/** From the right side of one box to the left side of another. */
function across(edge: Edge, from: Place["id"], to: Place["id"]): Arrow {
  const one = place(from);
  const other = place(to);
  const [x1, x2] = [one.x + half, other.x - half - 5];
  const bend = (x2 - x1) / 2;
  const path = `M${x1},${one.y} C${x1 + bend},${one.y} ${x2 - bend},${other.y} ${x2},${other.y}`;
  return { edge, path, at: { x: (x1 + x2) / 2, y: (one.y + other.y) / 2 - 9 } };
}

const running = place("running");
const scheduled = place("scheduled");
const retry = place("retry");
const down = BOX.height / 2;
const floor = HEIGHT - 10;

export const ARROWS: readonly Arrow[] = [
  across("submitted>waiting", "submitted", "waiting"),
  across("waiting>running", "waiting", "running"),
  across("retry>running", "retry", "running"),
  across("running>completed", "running", "completed"),
  across("running>failed", "running", "failed"),
  across("running>dead", "running", "dead"),
  {
    edge: "running>scheduled",
    path: `M${running.x + 34},${running.y + down} V${scheduled.y - down - 5}`,
    at: { x: running.x + 62, y: (running.y + scheduled.y) / 2 + 4 },
  },
  {
    edge: "scheduled>retry",
    path: `M${scheduled.x - half},${scheduled.y + 12} H${retry.x + half + 5}`,
    at: { x: (scheduled.x + retry.x) / 2, y: scheduled.y + 30 },
  },
  {
    edge: "submitted>scheduled",
    path: `M84,${84 + down} V${floor} H${scheduled.x} V${scheduled.y + down + 5}`,
    at: { x: 150, y: floor - 8 },
    isRare: true,
  },
  {
    edge: "dead>retry",
    path: `M900,${196 + down} V${floor} H${retry.x} V${retry.y + down + 5}`,
    at: { x: 760, y: floor - 8 },
    isRare: true,
  },
];
