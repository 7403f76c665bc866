import type { FailedAttempt, TaskState, TaskSummary } from "@/api/types";

/** A stretch of a task's life in one state; `to` is absent while it lasts. */
export interface Span {
  state: TaskState;
  from: string;
  to: string | null;
  seconds: number;
  attempt: number | null;
  failure: FailedAttempt | null;
}

type Told = Pick<TaskSummary, "state_history" | "error_history" | "attempt">;
const ENDED: ReadonlySet<TaskState> = new Set(["COMPLETED", "FAILED", "DLQ", "CANCELLED"]);

/** A task's life as stretches: what it waited for, ran and failed at, oldest first. */
export function timeline(task: Told, nowMs: number): Span[] {
  const steps = task.state_history;
  return steps.map((step, position) => {
    const next = steps[position + 1];
    const failure = task.error_history.find((one) => one.timestamp === next?.timestamp) ?? null;
    const isLast = next === undefined;
    const endMs = next
      ? Date.parse(next.timestamp)
      : ENDED.has(step.state)
        ? Date.parse(step.timestamp)
        : nowMs;
    return {
      state: step.state,
      from: step.timestamp,
      to: next?.timestamp ?? null,
      seconds: Math.max(0, (endMs - Date.parse(step.timestamp)) / 1000),
      attempt: step.state === "ACTIVE" && isLastRun(steps, position) ? task.attempt : null,
      failure: isLast ? null : failure,
    };
  });
}

/** The starts of earlier attempts are not kept, so only the last one is known by its number. */
function isLastRun(steps: Told["state_history"], position: number): boolean {
  return !steps.slice(position + 1).some((later) => later.state === "ACTIVE");
}
