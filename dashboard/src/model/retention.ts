import type { FunctionDetail, TaskState } from "@/api/types";

/** How long ended tasks of one state stay, and how many at most (0: no limit). */
export interface Retention {
  state: TaskState;
  seconds: number;
  limit: number;
}

const FIELDS: readonly { state: TaskState; ttl: string; limit: string }[] = [
  { state: "COMPLETED", ttl: "completedTtlSeconds", limit: "completedLimit" },
  { state: "FAILED", ttl: "failedTtlSeconds", limit: "failedLimit" },
  { state: "CANCELLED", ttl: "failedTtlSeconds", limit: "failedLimit" },
  { state: "DLQ", ttl: "dlqTtlSeconds", limit: "" },
];

/** What a function's manifest says about its ended tasks. */
export function retentionOf(spec: FunctionDetail["spec"]): Retention[] {
  const history = isFields(spec.history) ? spec.history : {};
  return FIELDS.map(({ state, ttl, limit }) => ({
    state,
    seconds: number(history[ttl]),
    limit: number(history[limit]),
  }));
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
