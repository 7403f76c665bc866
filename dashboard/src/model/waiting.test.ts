import { expect, test } from "vitest";
import type { Breaker, Limiter, Worker } from "@/api/types";
import { type Circumstances, whyWaiting } from "./waiting";

const NOW = Date.parse("2026-11-26T10:00:00Z");
const breaker: Breaker = {
  state: "closed",
  status: "closed",
  override: "Auto",
  since: null,
  calls: 0,
  failures: 0,
  failure_ratio: 0,
  next_attempt_at: null,
  probes_in_flight: 0,
  probes_succeeded: 0,
};
const limiter: Limiter = {
  limited: false,
  tokens: 0,
  requests: 0,
  interval_seconds: 0,
  capacity: 0,
  source: "",
  sleeping_until: null,
  waiting: 0,
  grants: 0,
  throttled: 0,
};
const worker = { status: "healthy", slots: 4, active: 4 } as Worker;
const depths = {
  queues: {},
  states: {},
  retry_ratio: 0.3,
  paused: false,
  oldest_pending_seconds: 12,
  oldest_overdue_lease_seconds: 0,
  next_due_seconds: null,
};

function reasons(changes: Partial<Circumstances> = {}) {
  return whyWaiting({
    task: { state: "PENDING", retry_after: null, error_type: null, failures: 0 },
    function: { paused: false, depths, workers: [worker] },
    dependencies: [],
    decision: undefined,
    nowMs: NOW,
    ...changes,
  });
}

test("a paused function blocks, and that comes first", () => {
  const [first] = reasons({ function: { paused: true, depths, workers: [] } });

  expect(first).toMatchObject({ isBlocked: true });
  expect(first?.text).toContain("paused");
});

test("an open breaker says when it is tried again; one opened by hand waits for a hand", () => {
  const open: Breaker = { ...breaker, state: "open", next_attempt_at: "2026-11-26T10:00:20Z" };
  const ask = (found: Breaker) => reasons({ dependencies: [{ name: "llm", breaker: found, limiter }] })[0];

  expect(ask(open)).toEqual({
    text: "The breaker of llm is open; it is tried again in 20 s.",
    isBlocked: false,
  });
  expect(ask({ ...open, override: "ForceOpen" })?.isBlocked).toBe(true);
});

test("a scheduled task says when and after what", () => {
  const task = {
    state: "SCHEDULED" as const,
    retry_after: "2026-11-26T10:01:00Z",
    error_type: "timeout",
    failures: 1,
  };

  expect(reasons({ task })[0]?.text).toBe("The next attempt after timeout is due in 1 min.");
});

test("busy workers, no workers and free workers are told apart", () => {
  const ask = (workers: Worker[]) => reasons({ function: { paused: false, depths, workers } })[0]?.text;

  expect(ask([worker])).toContain("busy");
  expect(ask([])).toContain("No worker");
  expect(ask([{ ...worker, active: 1 }])).toContain("3 free slots");
});

test("a limit of scaling is named with its reason", () => {
  const found = reasons({ decision: { reason: "3 of 3 workers", limited_by: "MaxReplicas" } });

  expect(found.at(-1)?.text).toBe("Scaling: 3 of 3 workers.");
});

test("a task that has ended waits for nothing", () => {
  expect(reasons({ task: { state: "COMPLETED", retry_after: null, error_type: null, failures: 0 } })).toEqual(
    [],
  );
});
