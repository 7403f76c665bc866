import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Coalescer } from "./coalesce";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("ten thousand items in a second are at most four updates, and none is lost", () => {
  const batches: number[][] = [];
  const coalescer = new Coalescer<number>(250, (items) => batches.push(items));
  for (let ms = 0; ms < 1000; ms++) {
    coalescer.add(Array.from({ length: 10 }, (_, one) => ms * 10 + one));
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(250);

  expect(batches.length).toBeLessThanOrEqual(5);
  expect(batches.flat()).toHaveLength(10_000);
});

test("the first item after a pause is not kept waiting", () => {
  const batches: number[][] = [];
  const coalescer = new Coalescer<number>(250, (items) => batches.push(items));
  coalescer.add([1]);
  vi.advanceTimersByTime(0);

  expect(batches).toEqual([[1]]);
});

test("nothing is delivered after the stop", () => {
  const delivered = vi.fn();
  const coalescer = new Coalescer<number>(250, delivered);
  coalescer.add([1]);
  coalescer.stop();
  vi.advanceTimersByTime(1000);

  expect(delivered).not.toHaveBeenCalled();
});
