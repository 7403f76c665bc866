import { expect, test } from "vitest";
import { keys } from "@/api/keys";
import { outdatedBy } from "./outdated";
import { transition } from "./sample";

const ALL = [
  keys.me,
  keys.queues,
  keys.functions,
  keys.function("drill"),
  keys.function("other"),
  keys.deadLetters,
  keys.task("drill-1"),
  keys.task("drill-2"),
  keys.taskPage({ page: 1 }),
];

/** The keys that are old after these transitions. */
function old(...transitions: ReturnType<typeof transition>[]) {
  return ALL.filter(outdatedBy({ transitions, reset: false }));
}

test("a transition outdates the counts and its own task", () => {
  expect(old(transition(), transition({ kind: "completed" }))).toEqual([keys.queues, keys.task("drill-1")]);
});

test("progress changes no count", () => {
  expect(old(transition({ kind: "progress" }))).toEqual([keys.task("drill-1")]);
});

test("a task that becomes or was a dead letter outdates their groups", () => {
  expect(old(transition({ new_state: "DLQ" }))).toContainEqual(keys.deadLetters);
  expect(old(transition({ old_state: "DLQ", new_state: "PENDING" }))).toContainEqual(keys.deadLetters);
});

test("a paused function is read again, and no other one", () => {
  const found = old(transition({ kind: "paused", task_id: null }));

  expect(found).toEqual([keys.queues, keys.functions, keys.function("drill")]);
});

test("after missed events everything is read anew", () => {
  expect(ALL.filter(outdatedBy({ transitions: [], reset: true }))).toEqual(ALL);
});
