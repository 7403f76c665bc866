import type { Dependency, FunctionDetail, ScalingDecision, TaskSummary } from "@/api/types";
import { duration, relative } from "@/format/times";

/** Why a task does not run yet, most telling reason first, in words for people. */
export interface Reason {
  text: string;
  /** Whether somebody has to do something before it goes on. */
  isBlocked: boolean;
}

export interface Circumstances {
  task: Pick<TaskSummary, "state" | "retry_after" | "error_type" | "failures">;
  function: Pick<FunctionDetail, "paused" | "depths" | "workers"> | undefined;
  dependencies: readonly Pick<Dependency, "name" | "breaker" | "limiter">[];
  decision: Pick<ScalingDecision, "reason" | "limited_by"> | undefined;
  nowMs: number;
}

export function whyWaiting(given: Circumstances): Reason[] {
  const { task } = given;
  if (task.state === "SCHEDULED") return [scheduled(given), ...ofDependencies(given)];
  if (task.state !== "PENDING") return [];
  return [...ofPause(given), ...ofDependencies(given), ...ofWorkers(given), ...ofScaling(given)];
}

function scheduled({ task, nowMs }: Circumstances): Reason {
  const due = task.retry_after ? relative(task.retry_after, nowMs) : "when it is due";
  const why = task.failures
    ? `The next attempt after ${task.error_type ?? "a failure"}`
    : "It was given a start time and";
  return { text: `${why} is due ${due}.`, isBlocked: false };
}

function ofPause({ function: found }: Circumstances): Reason[] {
  if (!found?.paused) return [];
  return [
    { text: "The function is paused: nothing is handed out until somebody resumes it.", isBlocked: true },
  ];
}

function ofDependencies({ dependencies, nowMs }: Circumstances): Reason[] {
  return dependencies.flatMap(({ name, breaker, limiter }) => {
    const found: Reason[] = [];
    if (breaker.state === "open")
      found.push(openBreaker(name, breaker.override, breaker.next_attempt_at, nowMs));
    if (limiter.waiting > 0) {
      found.push({ text: `${limiter.waiting} calls wait for the rate limit of ${name}.`, isBlocked: false });
    }
    return found;
  });
}

function openBreaker(name: string, override: string, nextAt: string | null, nowMs: number): Reason {
  if (override === "ForceOpen")
    return { text: `The breaker of ${name} was opened by hand.`, isBlocked: true };
  const next = nextAt ? `; it is tried again ${relative(nextAt, nowMs)}` : "";
  return { text: `The breaker of ${name} is open${next}.`, isBlocked: false };
}

function ofWorkers({ function: found }: Circumstances): Reason[] {
  if (!found) return [];
  const alive = found.workers.filter((worker) => worker.status === "healthy");
  if (alive.length === 0)
    return [{ text: "No worker runs yet: one is started on demand.", isBlocked: false }];
  const free = alive.reduce((sum, worker) => sum + Math.max(0, worker.slots - worker.active), 0);
  if (free > 0) return [{ text: `A worker with ${free} free slots takes it next.`, isBlocked: false }];
  const wait = duration(found.depths.oldest_pending_seconds);
  return [{ text: `All workers are busy; the oldest task has waited ${wait}.`, isBlocked: false }];
}

function ofScaling({ decision }: Circumstances): Reason[] {
  if (!decision || decision.limited_by === "None") return [];
  return [{ text: `Scaling: ${decision.reason}.`, isBlocked: false }];
}
