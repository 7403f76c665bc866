import { expect, test } from "vitest";
import type { TaskPage, TaskSummary } from "@/api/types";
import { countNew, patchPage } from "./patch";
import { transition } from "./sample";

const task = (id: string): TaskSummary => ({
  task_id: id,
  state: "PENDING",
  retry_count: 0,
  max_retries: 2,
  created_at: "2026-11-26T10:00:00.000+00:00",
  updated_at: "2026-11-26T10:00:00.000+00:00",
  task_type: "drill",
  has_result: false,
  error_history: [],
  state_history: [],
  function: "drill",
  attempt: 0,
  failures: 0,
  max_attempts: 3,
  redrives: 0,
  progress: 0,
  note: "",
  fingerprint: "",
  links: {},
});
const page: TaskPage = {
  page: 1,
  page_size: 25,
  total_items: 2,
  total_pages: 1,
  next_cursor: "",
  tasks: [task("drill-2"), task("drill-1")],
};

test("rows change where they stand", () => {
  const patched = patchPage(page, [transition()]);

  expect(patched.tasks.map((one) => one.task_id)).toEqual(["drill-2", "drill-1"]);
  expect(patched.tasks.map((one) => one.state)).toEqual(["PENDING", "ACTIVE"]);
});

test("a task that ends has an end", () => {
  const [, ended] = patchPage(page, [transition({ kind: "completed", new_state: "COMPLETED" })]).tasks;

  expect(ended?.finished_at).toBe(transition().at);
});

test("a page without any of the tasks stays the same object, so nothing is drawn", () => {
  expect(patchPage(page, [transition({ task_id: "drill-9" })])).toBe(page);
});

test("what is older than the row changes nothing", () => {
  expect(patchPage(page, [transition({ at: "2026-11-26T09:59:59.000+00:00" })])).toBe(page);
});

test("only new tasks that are not shown are counted", () => {
  const news = [
    transition({ kind: "enqueued", task_id: "drill-3" }),
    transition({ kind: "enqueued", task_id: "drill-2" }),
    transition({ kind: "completed", task_id: "drill-4" }),
  ];

  expect(countNew(page, news)).toBe(1);
});
