import { keys } from "@/api/keys";
import type { TaskState } from "@/api/types";
import type { Batch } from "./feed";

type Key = readonly unknown[];

/** The cache keys that a batch of events makes old. Pages of tasks are not among them: they update in place. */
export function outdatedBy(batch: Batch): Key[] {
  if (batch.reset) return [[]];
  const tasks = new Set<string>();
  const found = new Map<string, Key>();
  const outdate = (key: Key) => found.set(JSON.stringify(key), key);
  for (const one of batch.transitions) {
    if (one.task_id) tasks.add(one.task_id);
    if (one.kind !== "progress") outdate(keys.queues);
    if (touches("DLQ", one.old_state, one.new_state)) outdate(keys.deadLetters);
    if (!one.task_id) {
      outdate(keys.functions);
      outdate(keys.function(one.function));
    }
  }
  return [...found.values(), ...[...tasks].map(keys.task)];
}

function touches(state: TaskState, ...states: (TaskState | null)[]): boolean {
  return states.includes(state);
}
