import type { TaskState } from "@/api/types";
import type { ServerEvent } from "./parse";

/** What the feed tells about a task or a function: the fields of `GET /api/v1/events`. */
export interface Transition {
  kind: string;
  function: string;
  task_id: string | null;
  old_state: TaskState | null;
  new_state: TaskState | null;
  at: string;
  attempt: number;
  worker: string;
  error_class: string;
  progress: number;
  note: string;
}

/** The transition of an event, unless it is about the stream itself. */
export function readTransition(event: ServerEvent): Transition | null {
  if (event.event !== "task" && event.event !== "function") return null;
  try {
    return JSON.parse(event.data) as Transition;
  } catch {
    return null;
  }
}
