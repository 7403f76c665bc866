import type { ScalingDecision } from "@/api/types";

/** The decisions as lines over one axis of time, oldest first, and going on until now. */
export interface ScalingLines {
  times: number[];
  desired: number[];
  ready: number[];
  demand: number[];
}

export function scalingLines(newestFirst: readonly ScalingDecision[], nowMs: number): ScalingLines {
  const decisions = [...newestFirst].reverse();
  const last = decisions.at(-1);
  const all = last ? [...decisions, { ...last, at: new Date(nowMs).toISOString() }] : [];
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
