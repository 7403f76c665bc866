import { keys } from "@/api/keys";
import type { TaskState } from "@/api/types";
import type { Batch } from "./feed";

type Key = readonly unknown[];

/**
 * Whether a batch of events makes what is cached under a key old: one question for each key in the cache, however
 * many tasks the batch is about. Pages of tasks are never old by that: they change in place.
 */
export function outdatedBy(batch: Batch): (key: Key) => boolean {
  if (batch.reset) return () => true;
  const tasks = new Set(batch.transitions.map((one) => one.task_id));
  const outdated = new Set(batch.transitions.flatMap(kindsOf).map((key) => key.join()));
  return (key) => (key[0] === keys.task("")[0] ? tasks.has(String(key[1])) : outdated.has(key.join()));
}

function kindsOf({
  kind,
  task_id,
  old_state,
  new_state,
  function: name,
}: Batch["transitions"][number]): Key[] {
  if (!task_id) return [keys.queues, keys.functions, keys.function(name)];
  if (kind === "progress") return [];
  return touches("DLQ", old_state, new_state) ? [keys.queues, keys.deadLetters] : [keys.queues];
}

function touches(state: TaskState, ...states: (TaskState | null)[]): boolean {
  return states.includes(state);
}
