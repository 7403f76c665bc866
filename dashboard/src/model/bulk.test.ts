import { expect, test } from "vitest";
import type { BulkOutcome } from "@/api/types";
import { carriedOut, dryRun, needsTyping, refusal, summed } from "./bulk";

test("a filter without a function cannot be acted on, nor can a state that the action is not for", () => {
  expect(refusal("delete", { state: "DLQ" })).toContain("function");
  expect(refusal("retry", { function: "drill", state: "COMPLETED" })).toContain("cannot be retried");
  expect(refusal("cancel", { function: "drill", state: "DLQ" })).toContain("cannot be cancelled");
  expect(refusal("redrive", { function: "drill", state: "DLQ" })).toBe("");
});

test("the first call changes nothing, and the second one is the same but for its token", () => {
  const dry = dryRun("redrive", { search: { function: "drill", state: "DLQ", error: "timeout" } }, 0);
  const real = carriedOut(dry, "token", 10);

  expect(dry.dry_run).toBe(true);
  expect(dry.filter).toMatchObject({ function: "drill", state: "DLQ", error_class: "timeout" });
  expect(real).toEqual({ ...dry, dry_run: false, confirm_token: "token", rate: 10 });
});

test("chosen tasks are named one by one", () => {
  expect(dryRun("delete", { ids: ["drill-1"] }, 0).task_ids).toEqual(["drill-1"]);
});

test("more than a hundred tasks are confirmed by typing", () => {
  expect([100, 101].map(needsTyping)).toEqual([false, true]);
});

test("the outcomes of several calls are one", () => {
  const call = (done: number): BulkOutcome => ({
    action: "redrive",
    dry_run: false,
    matched: 0,
    sample: [],
    confirm_token: "",
    outcomes: { done, gone: 1 },
    errors: [],
    more: false,
  });

  expect(summed(summed(null, call(3)), call(4)).outcomes).toEqual({ done: 7, gone: 2 });
});
