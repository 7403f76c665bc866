import { expect, test } from "vitest";
import { matching, taskIdIn } from "./paletteMatch";
import { nextRow, shortcutOf } from "./shortcuts";

const press = (key: string, held: Partial<KeyboardEvent> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});
const idle = { isTyping: false, afterG: false };

test("keys mean something only where letters are no text", () => {
  expect(shortcutOf(press("j"), idle)).toEqual({ do: "next-row" });
  expect(shortcutOf(press("j"), { ...idle, isTyping: true })).toEqual({ do: "nothing" });
  expect(shortcutOf(press("j", { altKey: true }), idle)).toEqual({ do: "nothing" });
});

test("the palette opens from everywhere", () => {
  const typing = { ...idle, isTyping: true };

  expect(shortcutOf(press("k", { ctrlKey: true }), typing)).toEqual({ do: "palette" });
  expect(shortcutOf(press("K", { metaKey: true }), typing)).toEqual({ do: "palette" });
});

test("g and a letter go somewhere", () => {
  expect(shortcutOf(press("g"), idle)).toEqual({ do: "await-letter" });
  expect(shortcutOf(press("t"), { ...idle, afterG: true })).toEqual({ do: "go", to: "/tasks" });
  expect(shortcutOf(press("x"), { ...idle, afterG: true })).toEqual({ do: "nothing" });
});

test("rows begin at the first and end at the last", () => {
  expect([nextRow(-1, 1, 3), nextRow(2, 1, 3), nextRow(0, -1, 3), nextRow(-1, 1, 0)]).toEqual([0, 2, 0, -1]);
});

test("a pasted task id is known as one", () => {
  const id = "drill-01a21610-e3b7-7013-a0c7-30373692b6ec";

  expect(taskIdIn(` ${id.toUpperCase()} `)).toBe(id);
  expect(taskIdIn("drill")).toBeNull();
});

test("what begins with the letters stands before what only has them", () => {
  const entries = ["Dead letters", "summarize", "Tasks"].map((label) => ({ label }));

  expect(matching(entries, "t").map((one) => one.label)).toEqual(["Tasks", "Dead letters"]);
  expect(matching(entries, "smz").map((one) => one.label)).toEqual(["summarize"]);
  expect(matching(entries, "")).toHaveLength(3);
});
