import { expect, test } from "vitest";
import { lookups, submission } from "./commands";
import { latencies, percentile } from "./latency";
import { readEdition, readSummary } from "./results";
import { retentionOf } from "./retention";
import { SHOWN_MIN, scalingLines } from "./scaling";

test("text with quotes survives the shell", () => {
  const text = submission("echo", { text: "it's" }, "http://localhost:8000", false);

  expect(text).toContain(`'{"text":"it'\\''s"}'`);
  expect(text).not.toContain("Authorization");
});

test("a key is named, never written out", () => {
  const [curl] = lookups({ task_id: "drill-1" }, "http://localhost:8000", true);

  expect(curl?.text).toContain("$ATF_API_KEY");
});

test("after a retry the wait is that before the last attempt", () => {
  const [found] = latencies([
    {
      created_at: "2026-11-26T10:00:00Z",
      started_at: "2026-11-26T10:00:09Z",
      finished_at: "2026-11-26T10:00:10Z",
      error_history: [
        {
          timestamp: "2026-11-26T10:00:05Z",
          error: "",
          error_type: "timeout",
          retry_count: 1,
          state_transition: "",
          attempt: 1,
          worker_id: null,
        },
      ],
    },
  ]);

  expect(found).toMatchObject({ waitS: 4, runS: 1 });
});

test("a percentile is a value that was there", () => {
  const values = Array.from({ length: 100 }, (_, one) => one + 1);

  expect([percentile(values, 0.5), percentile(values, 0.95), percentile([7], 0.95)]).toEqual([50, 95, 7]);
  expect(percentile([], 0.5)).toBeNull();
});

test("results of a known kind are read, others are not", () => {
  const page = { page_number: 1, articles: [{ title: "Mill", body: "Water.", topics: ["mill", 3] }] };

  expect(readSummary({ summary: "Cats.", provider: "offline", language: "en" })).toEqual({
    summary: "Cats.",
    facts: "by offline · language en",
  });
  expect(readEdition({ filename: "a.pdf", pages: [page] })?.pages[0]?.articles[0]).toMatchObject({
    title: "Mill",
    topics: ["mill"],
  });
  expect([readSummary(null), readSummary({}), readEdition({ pages: [1] })]).toEqual([null, null, null]);
});

test("load and decisions are drawn over one axis, until now and no further back than is shown", () => {
  const nowMs = Date.parse("2026-11-26T10:00:00Z");
  const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();
  const sample = (seconds: number, waiting: number) => ({
    at: ago(seconds),
    waiting,
    running: 1,
    desired: 2,
    ready: 1,
  });
  const load = { now: ago(0), samples: [sample(7200, 5), sample(60, 3)] };
  const lines = scalingLines(load, [
    { at: ago(30), replicas: 4 },
    { at: ago(7000), replicas: 9 },
  ]);

  expect(lines.times.map((one) => one * 1000 - nowMs)).toEqual([-SHOWN_MIN * 60_000, -60_000, -30_000, 0]);
  expect(lines.waiting).toEqual([5, 3, 3, 3]);
  expect(lines.decided).toEqual([null, null, 4, null]);
});

test("a function that began to work a moment ago fills the axis", () => {
  const sample = { waiting: 1, running: 0, desired: 1, ready: 0 };
  const { times } = scalingLines(
    { now: "2026-11-26T10:00:00Z", samples: [{ ...sample, at: "2026-11-26T09:59:50Z" }] },
    [],
  );

  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBe(60);
});

test("before the first sample nothing is known", () => {
  const lines = scalingLines({ now: "2026-11-26T10:00:00Z", samples: [] }, []);

  expect(lines.waiting).toEqual([null, null]);
});

test("what a manifest says of ended tasks is read, and what it does not say is nothing", () => {
  const kept = retentionOf({
    history: { completedTtlSeconds: 60, failedTtlSeconds: 120, completedLimit: 5 },
  });

  expect(kept.map(({ state, seconds, limit }) => [state, seconds, limit])).toEqual([
    ["COMPLETED", 60, 5],
    ["FAILED", 120, 0],
    ["CANCELLED", 120, 0],
    ["DLQ", 0, 0],
  ]);
  expect(retentionOf({}).every((one) => one.seconds === 0)).toBe(true);
});
