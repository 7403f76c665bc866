import type { ScalingDecision } from "@/api/types";

/** How far back the lines go: before that, time that nothing happened in would press the rest together. */
export const SHOWN_MS = 30 * 60_000;

/** The decisions as lines over one axis of time, oldest first, and going on until now. */
export interface ScalingLines {
  times: number[];
  desired: number[];
  ready: number[];
  demand: number[];
}

export function scalingLines(newestFirst: readonly ScalingDecision[], nowMs: number): ScalingLines {
  const sinceMs = nowMs - SHOWN_MS;
  const shown = newestFirst.filter((one) => Date.parse(one.at) >= sinceMs);
  const before = newestFirst[shown.length];
  const first = before ? [{ ...before, at: new Date(sinceMs).toISOString() }] : [];
  const last = newestFirst[0];
  const now = last ? [{ ...last, at: new Date(nowMs).toISOString() }] : [];
  const all = [...first, ...shown.toReversed(), ...now];
  return {
    times: all.map((one) => Date.parse(one.at) / 1000),
    desired: all.map((one) => one.replicas),
    ready: all.map((one) => one.ready),
    demand: all.map((one) => number(one.inputs.waiting) + number(one.inputs.running)),
  };
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
