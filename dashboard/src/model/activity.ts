import type { ClusterEvent, Dependency, FunctionDecision, TaskState, Transition } from "@/api/types";
import type { ActivitySearch, Shown } from "./activitySearch";
import { type EventLog, KEPT } from "./eventLog";

/** Something that happened, whatever it happened to. */
export interface Happening {
  /** The same wherever it was read. */
  id: string;
  at: string;
  kind: "task" | "function" | "scaling" | "breaker" | "cluster";
  /** A function, or the dependency of a breaker; empty where an Event tells of neither. */
  subject: string;
  text: string;
  taskId: string | null;
  /** The state that a task came into. */
  state: TaskState | null;
}

/** Those of one hour, newest first. */
export interface Hour {
  startMs: number;
  happenings: readonly Happening[];
}

/** Progress is no news: a task of an hour would bury all the rest. */
const NOISE = new Set(["progress"]);
const KINDS: Readonly<Record<Shown, readonly Happening["kind"][]>> = {
  tasks: ["task"],
  scaling: ["scaling"],
  breakers: ["breaker"],
  cluster: ["cluster"],
};
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export function isNews(one: Transition): boolean {
  return !NOISE.has(one.kind);
}

export function ofTransitions(transitions: readonly Transition[]): Happening[] {
  return transitions.filter(isNews).map((one) => ({
    id: one.id,
    at: one.at,
    kind: one.task_id ? "task" : "function",
    subject: one.function,
    text: words(one),
    taskId: one.task_id,
    state: one.new_state,
  }));
}

function words(one: Transition): string {
  const kind = one.kind.replaceAll("_", " ");
  const why = one.error_class ? ` (${one.error_class})` : "";
  const attempt = one.attempt > 1 ? `, attempt ${one.attempt}` : "";
  return `${kind}${why}${attempt}`;
}

export function ofScaling(decisions: readonly FunctionDecision[]): Happening[] {
  return decisions.map((one) => ({
    id: `${one.at} ${one.function} scaling`,
    at: one.at,
    kind: "scaling",
    subject: one.function,
    text: one.reason,
    taskId: null,
    state: null,
  }));
}

export function ofBreakers(dependencies: readonly Dependency[]): Happening[] {
  return dependencies.flatMap((dependency) =>
    (dependency.transitions ?? []).map((one) => ({
      id: `${one.at} ${dependency.name} breaker`,
      at: one.at,
      kind: "breaker" as const,
      subject: dependency.name,
      text: `${spoken(one.from)} → ${spoken(one.to)}${one.reason ? `: ${one.reason}` : ""}`,
      taskId: null,
      state: null,
    })),
  );
}

function spoken(state: string): string {
  return state.replace("_", " ");
}

/** Whether an Event repeats what a scaling decision says itself. */
export function isEcho({ object, reason }: ClusterEvent): boolean {
  return object.startsWith("Function/") && reason.startsWith("Scaled");
}

/** Kubernetes Events; those about no function only where all functions are shown. */
export function ofCluster(events: readonly ClusterEvent[], name = ""): Happening[] {
  return events
    .filter((one) => !name || one.function === name)
    .flatMap(({ at, object, reason, count, message, ...one }) => {
      const times = count > 1 ? ` (${count} times)` : "";
      const text = `${object}: ${reason}${times}, ${message}`;
      const happening = { kind: "cluster" as const, subject: one.function ?? "", taskId: null, state: null };
      return at ? [{ id: `${at} ${object} ${reason}`, at, text, ...happening }] : [];
    });
}

/**
 * What the filters let through, newest first. Beside transitions nothing stands that is older than the last of them
 * while there are more: between the two something is missing. Whatever other sources there are come in `others`.
 *
 * Args:
 *   heldMs: nothing newer than this is shown; null: everything is.
 */
export function happeningsOf(
  log: EventLog,
  others: readonly Happening[],
  { search, heldMs }: { search: ActivitySearch; heldMs: number | null },
): Happening[] {
  const kinds = search.show && KINDS[search.show];
  const isWanted = ({ kind, at }: Happening) =>
    (!kinds || kinds.includes(kind)) && (heldMs === null || Date.parse(at) <= heldMs);
  const last = log.cursor ? log.events.at(-1) : undefined;
  const edgeMs = last && !search.show ? Date.parse(last.at) : Number.NEGATIVE_INFINITY;
  const beside = others
    .filter((one) => isWanted(one) && Date.parse(one.at) >= edgeMs)
    .sort(newestFirst)
    .slice(0, KEPT);
  return [...ofTransitions(log.events).filter(isWanted), ...beside].sort(newestFirst);
}

function newestFirst(one: Happening, other: Happening): number {
  return Date.parse(other.at) - Date.parse(one.at);
}

/**
 * Groups by the hours of a clock on the wall.
 *
 * Args:
 *   offsetMinutes: of that clock against UTC, as `Date.getTimezoneOffset` has it: positive in the west.
 */
export function byHour(
  happenings: readonly Happening[],
  offsetMinutes: (ms: number) => number = () => 0,
): Hour[] {
  const hours: { startMs: number; happenings: Happening[] }[] = [];
  for (const one of happenings) {
    const ms = Date.parse(one.at);
    const shiftMs = offsetMinutes(ms) * MINUTE_MS;
    const startMs = Math.floor((ms - shiftMs) / HOUR_MS) * HOUR_MS + shiftMs;
    const current = hours.at(-1);
    if (current?.startMs === startMs) current.happenings.push(one);
    else hours.push({ startMs, happenings: [one] });
  }
  return hours;
}
