import type { Transition } from "@/api/types";

/** A transition for tests; `changes` says what is special about it. */
export function transition(changes: Partial<Transition> = {}): Transition {
  return {
    id: "drill=1795687201000-0.1",
    kind: "claimed",
    function: "drill",
    task_id: "drill-1",
    old_state: "PENDING",
    new_state: "ACTIVE",
    at: "2026-11-26T10:00:01.000+00:00",
    attempt: 1,
    worker: "drill-1-a",
    error_class: "",
    progress: 0,
    note: "",
    ...changes,
  };
}
