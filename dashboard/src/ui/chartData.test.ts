import { expect, test } from "vitest";
import { aligned } from "./chartData";

const series = [
  { label: "Completed", color: "--completed", values: [3, 1] },
  { label: "Failed", color: "--failed", values: [1, null] },
];

test("lines are drawn as they are, with their gaps", () => {
  expect(aligned({ times: [10, 20], series })).toEqual([
    [10, 20],
    [3, 1],
    [1, null],
  ]);
});

test("stacked bars stand on those after them", () => {
  expect(aligned({ times: [10, 20], series, stacked: true })).toEqual([
    [10, 20],
    [4, 1],
    [1, 0],
  ]);
});
