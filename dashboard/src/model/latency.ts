import type { TaskSummary } from "@/api/types";
import { secondsBetween } from "@/format/times";

/** One completed task as a point: when it ended, and how long it waited and ran. */
export interface Latency {
  atS: number;
  waitS: number;
  runS: number;
}

type Told = Pick<TaskSummary, "created_at" | "started_at" | "finished_at" | "error_history">;

/** Completed tasks as points, oldest first. After a retry the wait is that before the last attempt's start. */
export function latencies(tasks: readonly Told[]): Latency[] {
  return tasks
    .flatMap((task) => {
      const { started_at, finished_at } = task;
      if (!started_at || !finished_at) return [];
      const waitedFrom = task.error_history.at(-1)?.timestamp ?? task.created_at;
      return [
        {
          atS: Date.parse(finished_at) / 1000,
          waitS: Math.max(0, secondsBetween(waitedFrom, started_at)),
          runS: Math.max(0, secondsBetween(started_at, finished_at)),
        },
      ];
    })
    .sort((one, other) => one.atS - other.atS);
}

/** The value that a share of all values does not exceed; `null` of none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}
