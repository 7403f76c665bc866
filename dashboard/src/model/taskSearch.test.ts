import { expect, test } from "vitest";
import { filterCount, narrowed, queryOf, readTaskSearch, sinceOf } from "./taskSearch";

test("an address that makes no sense shows everything", () => {
  expect(
    readTaskSearch({ state: "SLEEPING", size: 7, page: -1, within: "1y", sort: "color", id: " " }),
  ).toEqual({});
});

test("an address is read as it was written", () => {
  const search = {
    id: "drill-01",
    state: "DLQ",
    function: "drill",
    error: "timeout",
    within: "1h",
    size: 50,
  } as const;

  expect(readTaskSearch(search)).toEqual(search);
});

test("a changed filter starts at the first page", () => {
  expect(narrowed({ cursor: "abc", page: 3, function: "drill" }, { state: "DLQ" })).toEqual({
    function: "drill",
    state: "DLQ",
  });
});

test("an error class comes with a state that has errors, and goes with it", () => {
  expect(narrowed({}, { error: "timeout" }).state).toBe("DLQ");
  expect(narrowed({ state: "FAILED" }, { error: "timeout" }).state).toBe("FAILED");
  expect(narrowed({ state: "DLQ", error: "timeout" }, { state: "ACTIVE" })).toEqual({ state: "ACTIVE" });
});

test("a fingerprint comes with the dead letters, and goes with them", () => {
  expect(narrowed({ state: "FAILED" }, { error: "timeout/0123456789" }).state).toBe("DLQ");
  expect(narrowed({ state: "DLQ", error: "timeout/0123456789" }, { state: "FAILED" }).error).toBe("timeout");
  expect(narrowed({ state: "DLQ", error: "timeout/0123456789" }, { function: "drill" }).error).toBe(
    "timeout/0123456789",
  );
});

test("a period begins on a whole minute", () => {
  expect(sinceOf("15m", Date.parse("2026-11-26T10:00:42Z"))).toBe("2026-11-26T09:45:00.000Z");
  expect(sinceOf(undefined, 0)).toBeUndefined();
});

test("the API is asked for what the address says", () => {
  const query = queryOf(
    { id: "drill-01", state: "DLQ", error: "timeout", sort: "updated_at", order: "asc" },
    0,
  );

  expect(query).toMatchObject({
    task_id: "drill-01",
    task_status: "DLQ",
    error_type: "timeout",
    page_size: 25,
  });
  expect(query).toMatchObject({ sort_by: "updated_at", sort_order: "asc" });
});

test("sorting and paging are no filters", () => {
  expect(filterCount({ sort: "created_at", cursor: "abc", size: 50 })).toBe(0);
  expect(filterCount({ state: "DLQ", function: "drill" })).toBe(2);
});
