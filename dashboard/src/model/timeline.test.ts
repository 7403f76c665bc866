import { expect, test } from "vitest";
import { timeline } from "./timeline";

const at = (second: number) => `2026-11-26T10:00:${String(second).padStart(2, "0")}.000+00:00`;
const failure = {
  timestamp: at(5),
  error: "no answer",
  error_type: "timeout",
  retry_count: 1,
  state_transition: "ACTIVE -> SCHEDULED",
  attempt: 1,
  worker_id: "drill-1-a",
};

test("a life is its states, how long each lasted, and what went wrong in it", () => {
  const spans = timeline(
    {
      attempt: 2,
      state_history: [
        { state: "PENDING", timestamp: at(0) },
        { state: "ACTIVE", timestamp: at(2) },
        { state: "SCHEDULED", timestamp: at(5) },
        { state: "ACTIVE", timestamp: at(9) },
        { state: "COMPLETED", timestamp: at(10) },
      ],
      error_history: [failure],
    },
    Date.parse(at(59)),
  );

  expect(spans.map((span) => span.seconds)).toEqual([2, 3, 4, 1, 0]);
  expect(spans.map((span) => span.failure?.error_type ?? "")).toEqual(["", "timeout", "", "", ""]);
  expect(spans.map((span) => span.attempt)).toEqual([null, null, null, 2, null]);
});

test("a state that lasts goes on until now", () => {
  const told = {
    attempt: 0,
    error_history: [],
    state_history: [{ state: "PENDING" as const, timestamp: at(0) }],
  };

  expect(timeline(told, Date.parse(at(30)))[0]).toMatchObject({ seconds: 30, to: null });
});
