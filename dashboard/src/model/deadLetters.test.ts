import { expect, test } from "vitest";
import type { DlqGroup } from "@/api/types";
import { byFunction, errorOf, messageParts, searchOf, standsForMore } from "./deadLetters";

function group(changes: Partial<DlqGroup> = {}): DlqGroup {
  return {
    function: "drill",
    error_class: "timeout",
    fingerprint: "0123456789",
    count: 1,
    newest: [],
    last_error: "",
    first_at: "2026-11-26T10:00:00.000+00:00",
    last_at: "2026-11-26T10:00:00.000+00:00",
    ...changes,
  };
}

test("functions come with the most dead letters first, those in groups left out included", () => {
  const found = byFunction(
    [group({ count: 5 }), group({ function: "probe", count: 4 }), group({ count: 1, fingerprint: "9" })],
    { probe: 3 },
  );

  expect(found.map(({ name, count, more }) => [name, count, more])).toEqual([
    ["probe", 7, 3],
    ["drill", 6, 0],
  ]);
  expect(found[1]?.groups.map((one) => one.count)).toEqual([5, 1]);
});

test("a group is found by its class and fingerprint", () => {
  expect(searchOf(group())).toEqual({ function: "drill", state: "DLQ", error: "timeout/0123456789" });
  expect(errorOf(group({ fingerprint: "" }))).toBe("timeout");
});

test("tasks without a fingerprint cannot be told from others of their class", () => {
  const bare = group({ fingerprint: "" });
  const of = (more: number, ...others: DlqGroup[]) => ({
    name: "drill",
    count: 2,
    more,
    groups: [bare, ...others],
  });

  expect(standsForMore(bare, of(0, group({ error_class: "other" })))).toBe(false);
  expect(standsForMore(bare, of(0, group()))).toBe(true);
  expect(standsForMore(bare, of(1))).toBe(true);
  expect(standsForMore(group(), of(1))).toBe(false);
});

test("numbers, ids and quoted values of a message vary, and apostrophes quote nothing", () => {
  expect(messageParts("row 17 isn't in 'a b' or \"c\" of x-7f")).toEqual([
    "row ",
    "17",
    " isn't in ",
    "'a b'",
    " or ",
    '"c"',
    " of ",
    "x-7f",
    "",
  ]);
  expect(messageParts("no route")).toEqual(["no route"]);
});
