import type { TaskState } from "@/api/types";

/** One set of names everywhere, as in Redis, REST and kubectl; `label` is only how a person reads it. */
export const STATES: readonly TaskState[] = [
  "PENDING",
  "ACTIVE",
  "SCHEDULED",
  "COMPLETED",
  "FAILED",
  "DLQ",
  "CANCELLED",
];

export const LABELS: Readonly<Record<TaskState, string>> = {
  PENDING: "Pending",
  ACTIVE: "Active",
  SCHEDULED: "Scheduled",
  COMPLETED: "Completed",
  FAILED: "Failed",
  DLQ: "Dead letter",
  CANCELLED: "Cancelled",
};

const RETRYABLE: ReadonlySet<TaskState> = new Set(["FAILED", "DLQ"]);
const CANCELLABLE: ReadonlySet<TaskState> = new Set(["PENDING", "SCHEDULED", "ACTIVE"]);

export const canRetry = (state: TaskState): boolean => RETRYABLE.has(state);
export const canCancel = (state: TaskState): boolean => CANCELLABLE.has(state);
/** Whether the task can still change by itself. */
export const isOpen = canCancel;

/** States whose tasks the API can find by error class. */
export const WITH_ERRORS: ReadonlySet<TaskState> = new Set(["SCHEDULED", "FAILED", "DLQ"]);
