import type { Transition } from "@/api/types";

/** An arrow of the state graph. */
export type Edge =
  | "submitted>waiting"
  | "submitted>scheduled"
  | "waiting>running"
  | "retry>running"
  | "scheduled>retry"
  | "running>completed"
  | "running>scheduled"
  | "running>failed"
  | "running>dead"
  | "dead>retry";

/** Transitions along an edge at one moment. */
interface Count {
  atMs: number;
  edge: Edge;
}

export const WINDOW_MS = 10_000;

const BY_STATES: Readonly<Record<string, Edge>> = {
  "ACTIVE>COMPLETED": "running>completed",
  "ACTIVE>SCHEDULED": "running>scheduled",
  "ACTIVE>FAILED": "running>failed",
  "ACTIVE>DLQ": "running>dead",
  "SCHEDULED>PENDING": "scheduled>retry",
  "DLQ>PENDING": "dead>retry",
};

export function edgeOf(one: Transition): Edge | null {
  if (one.kind === "enqueued")
    return one.new_state === "SCHEDULED" ? "submitted>scheduled" : "submitted>waiting";
  if (one.kind === "claimed") return one.attempt > 1 ? "retry>running" : "waiting>running";
  return BY_STATES[`${one.old_state}>${one.new_state}`] ?? null;
}

/** Counts transitions of the last ten seconds by this clock, so that a wrong clock elsewhere changes nothing. */
export class RateWindow {
  private counts: Count[] = [];

  add(transitions: readonly Transition[], atMs: number): void {
    for (const one of transitions) {
      const edge = edgeOf(one);
      if (edge) this.counts.push({ atMs, edge });
    }
  }

  /** Transitions a second along each edge that had any. */
  perSecond(nowMs: number): Partial<Record<Edge, number>> {
    this.counts = this.counts.filter((one) => one.atMs > nowMs - WINDOW_MS);
    const rates: Partial<Record<Edge, number>> = {};
    for (const { edge } of this.counts) rates[edge] = (rates[edge] ?? 0) + 1000 / WINDOW_MS;
    return rates;
  }
}
