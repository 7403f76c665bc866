import { expect, test } from "vitest";
import { backoffMs } from "./backoff";

test("waits grow with failures and have a bound", () => {
  const waits = [0, 1, 2, 3, 50].map((failures) => backoffMs(failures, 1));

  expect(waits).toEqual([500, 1000, 2000, 4000, 15_000]);
});

test("jitter takes away up to half, so that tabs do not come back all at once", () => {
  expect(backoffMs(2, 0)).toBe(1000);
  expect(backoffMs(2, 0.5)).toBe(1500);
});

test("the server's own word is where it begins", () => {
  expect(backoffMs(0, 1, 3000)).toBe(3000);
});
