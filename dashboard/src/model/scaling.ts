import type { LoadHistory, ScalingDecision } from "@/api/types";

/** How far back the lines go, in minutes. */
export const SHOWN_MIN = 30;

const SHORTEST_MS = 60_000;

/** Queue, workers and decisions over one axis of time, oldest first, and going on until now. */
export interface ScalingLines {
  times: number[];
  waiting: (number | null)[];
  running: (number | null)[];
  desired: (number | null)[];
  ready: (number | null)[];
  /** The number of workers where a decision changed it, nothing elsewhere. */
  decided: (number | null)[];
}

export function scalingLines(
  { now, samples }: Pick<LoadHistory, "now" | "samples">,
  decisions: readonly Pick<ScalingDecision, "at" | "replicas">[],
): ScalingLines {
  const nowMs = Date.parse(now);
  const sinceMs = beginning(samples[0]?.at, nowMs);
  const shown = samples.map((one) => ({ ...one, atMs: Math.max(sinceMs, Date.parse(one.at)) }));
  const decided = new Map(decisions.map((one) => [Date.parse(one.at), one.replicas]));
  const moments = new Set([...shown.map((one) => one.atMs), ...decided.keys(), sinceMs, nowMs]);
  const times = [...moments]
    .filter((one) => one >= sinceMs && one <= nowMs)
    .sort((one, other) => one - other);
  const held = times.map((at) => shown.findLast((one) => one.atMs <= at));
  return {
    times: times.map((one) => one / 1000),
    waiting: held.map((one) => one?.waiting ?? null),
    running: held.map((one) => one?.running ?? null),
    desired: held.map((one) => one?.desired ?? null),
    ready: held.map((one) => one?.ready ?? null),
    decided: times.map((one) => decided.get(one) ?? null),
  };
}

/** Where the axis begins: a function that began to work a moment ago has no past to leave room for. */
function beginning(first: string | undefined, nowMs: number): number {
  const earliestMs = nowMs - SHOWN_MIN * 60_000;
  if (!first) return earliestMs;
  return Math.max(earliestMs, Math.min(Date.parse(first), nowMs - SHORTEST_MS));
}
