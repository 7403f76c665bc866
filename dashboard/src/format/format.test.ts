import { expect, test } from "vitest";
import { bytes, count, counted, percent, perSecond } from "./numbers";
import { absolute, duration, relative } from "./times";

test.each([
  [0, "0 ms"],
  [0.012, "12 ms"],
  [3.44, "3.4 s"],
  [59, "59 s"],
  [302, "5 min 2 s"],
  [300, "5 min"],
  [7_260, "2 h 1 min"],
  [273_600, "3 d 4 h"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("a moment is told as a distance in its largest unit", () => {
  const nowMs = Date.parse("2026-11-26T10:00:00Z");

  expect(relative("2026-11-26T09:59:59.5Z", nowMs)).toBe("now");
  expect(relative("2026-11-26T09:58:30Z", nowMs)).toBe("1 min ago");
  expect(relative("2026-11-26T10:00:40Z", nowMs)).toBe("in 40 s");
});

test("an exact time names its zone", () => {
  expect(absolute("2026-11-26T10:00:01.250+00:00", "utc")).toBe("2026-11-26 10:00:01.250 UTC");
});

test("numbers stay exact while they can be read", () => {
  expect([count(1_104), count(1_250_000)]).toEqual(["1,104", "1.3M"]);
  expect([counted(1, "task"), counted(2, "task")]).toEqual(["1 task", "2 tasks"]);
  expect([percent(0), percent(0.035), percent(0.3)]).toEqual(["0 %", "3.5 %", "30 %"]);
  expect([bytes(112), bytes(2_048), bytes(5_242_880)]).toEqual(["112 B", "2.0 KiB", "5.0 MiB"]);
});

test("a slow rate is told by the minute", () => {
  expect([perSecond(0), perSecond(0.2), perSecond(1.25), perSecond(42)]).toEqual([
    "0/min",
    "12/min",
    "1.3/s",
    "42/s",
  ]);
});
