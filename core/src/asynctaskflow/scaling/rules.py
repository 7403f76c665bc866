"""The rules of scaling, one function each: a bid for a number of workers goes in, a bid comes out.

``decide`` runs them in order. A rule that leaves the number alone returns the bid it was given.
"""

import math
from dataclasses import dataclass, replace
from typing import assert_never

from asynctaskflow.model.function import BreakerReaction, Scaling
from asynctaskflow.scaling.decision import Candidate, Limit
from asynctaskflow.scaling.memory import Memory
from asynctaskflow.scaling.observation import Observation, QueueSight
from asynctaskflow.scaling.policy import (
    PANIC_FACTOR,
    PANIC_WAIT_S,
    PROBER_STAYS_S,
    RAMP_SECONDS,
    START_PATIENCE_S,
    Policy,
)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a rule may look at.

    Attributes:
        wanting: tasks that need a worker; while the function is paused only the running ones.
        sick: name of the dependency whose breaker is not closed, empty if there is none.
    """

    seen: Observation
    queue: QueueSight
    policy: Policy
    memory: Memory
    now_s: float
    wanting: int
    sick: str

    @property
    def scaling(self) -> Scaling:
        """The manifest's part."""
        return self.policy.scaling


@dataclass(frozen=True, slots=True)
class Bid:
    """A number of workers on its way through the rules.

    Attributes:
        basis: what the demand needs, in words.
        clause: what the rule that had the last word has to say; empty if demand alone decides.
        trail: the number after each rule that spoke.
        until_s: when time alone will let the number fall, if a rule holds it.
    """

    replicas: int
    basis: str
    clause: str = ""
    limit: Limit = Limit.NONE
    trail: tuple[Candidate, ...] = ()
    until_s: float | None = None

    def to(
        self, replicas: int, limit: Limit, clause: str, *, until_s: float | None = None
    ) -> "Bid":
        """The bid after a rule; unchanged if the rule does not change the number."""
        if replicas == self.replicas:
            return self
        trail = (*self.trail, Candidate(limit.value, replicas))
        return Bid(replicas, self.basis, clause, limit, trail, until_s)


def need(case: Case) -> Bid:
    """Workers for the demand, or for draining the backlog in time where a median run time is known."""
    if case.scaling.target.drain_seconds and case.seen.p50_run_s:
        return _need_to_drain(case)
    share = case.policy.tasks_per_worker
    wanted = math.ceil(case.queue.demand / share)
    basis = f"at {share} per worker that needs {wanted}"
    return Bid(wanted, basis, trail=(Candidate("Demand", wanted),))


def _need_to_drain(case: Case) -> Bid:
    queue, drain_s, run_s = case.queue, case.scaling.target.drain_seconds, case.seen.p50_run_s
    backlog = queue.demand - queue.running
    work_s = backlog * run_s + queue.running * run_s / 2  # a running task is half done on average
    in_time = math.ceil(work_s / (drain_s * case.policy.slots))
    wanted = min(in_time, math.ceil(queue.demand / case.policy.slots))  # no worker without a task
    basis = f"{work_s:.0f} s of work within {drain_s:g} s need {wanted}"
    return Bid(wanted, basis, trail=(Candidate("DrainTime", wanted),))


def cap_by_rate_limit(bid: Bid, case: Case) -> Bid:
    """No more workers than the slowest dependency's limit can keep busy."""
    caps = [
        (_useful(case, d.limit_per_s, waiting=d.waiting), d.limit_per_s, d.name)
        for d in case.seen.dependencies
        if d.limit_per_s is not None
    ]
    if not caps or not case.seen.p50_run_s:
        return bid
    useful, rate, name = min(caps)
    clause = f"{name} allows {rate:g} calls/s, which keeps {useful} busy"
    return bid.to(min(bid.replicas, useful), Limit.RATE_LIMIT, clause)


def _useful(case: Case, rate: float, *, waiting: int) -> int:
    """Workers that a limit keeps busy; a task is taken to make one call.

    Time spent in the limiter's line is not work: without taking it off, more workers would wait longer,
    look busier, and justify themselves. The share of slots in line is the share of time in line.
    """
    running = case.queue.running
    in_line = min(1.0, waiting / running) if running else 0.0
    return max(1, math.ceil(rate * case.seen.p50_run_s * (1 - in_line) / case.policy.slots))


def stop_when_paused(bid: Bid, case: Case) -> Bid:
    """A paused function hands out nothing: workers only for what still runs."""
    if not case.queue.paused:
        return bid
    running = math.ceil(case.queue.running / case.policy.slots)
    return bid.to(min(bid.replicas, running), Limit.PAUSED, "the function is paused")


def hold_for_breaker(bid: Bid, case: Case) -> Bid:
    """Never more workers while a breaker is open; one stays to probe while tasks wait."""
    if not case.sick:
        return bid
    prober = 1 if case.wanting else 0
    match case.scaling.on_breaker_open:
        case BreakerReaction.HOLD:
            allowed = max(case.seen.replicas, prober)
        case BreakerReaction.TO_MIN:
            allowed = max(case.scaling.min_replicas, prober)
        case BreakerReaction.TO_ZERO:
            allowed = prober
        case reaction:
            assert_never(reaction)
    held = allowed if case.scaling.on_breaker_open is BreakerReaction.HOLD else bid.replicas
    clause = f"the breaker of {case.sick} is open, which allows {allowed}"
    return bid.to(min(held, allowed), Limit.BREAKER, clause)


def is_panic(bid: Bid, case: Case) -> bool:
    """A burst that the workers do not keep up with: twice as many needed, and tasks waiting too long."""
    late = case.queue.oldest_wait_s >= PANIC_WAIT_S
    return late and bid.replicas >= PANIC_FACTOR * max(1, case.seen.replicas)


def stabilize(bid: Bid, case: Case, *, panic: bool) -> Bid:
    """Up to the lowest need of the up-window, down to the highest of the down-window, else stay."""
    current = case.seen.replicas
    if bid.replicas > current:
        return bid if panic else _stabilize_up(bid, case)
    window_s = case.scaling.down.stabilization_seconds
    highest = case.memory.highest(now_s=case.now_s, window_s=window_s)
    until_s = _hold_until(bid, case, window_s=window_s)
    if until_s is None or until_s <= case.now_s:
        return bid
    held = min(current, max(bid.replicas, highest))
    clause = f"the highest need of the last {window_s:g} s was {highest}"
    return bid.to(held, Limit.STABILIZATION, clause, until_s=until_s)


def _hold_until(bid: Bid, case: Case, *, window_s: float) -> float | None:
    """Until a higher need leaves the window, but no longer than a window after the last arrival.

    Where no task has arrived for a whole window, the higher need is the tail of a burst: nobody is about to
    miss the workers that it leaves idle. A steady stream of arrivals keeps them, so the number does not flap.
    """
    until_s = case.memory.falls_below_s(bid.replicas, window_s=window_s)
    if until_s is None or case.seen.last_arrival_s is None:
        return until_s
    return min(until_s, case.seen.last_arrival_s + window_s)


def _stabilize_up(bid: Bid, case: Case) -> Bid:
    window_s = case.scaling.up.stabilization_seconds
    lowest = case.memory.lowest(now_s=case.now_s, window_s=window_s)
    allowed = max(case.seen.replicas, min(bid.replicas, lowest or 0))
    clause = f"it has not lasted {window_s:g} s yet"
    return bid.to(allowed, Limit.STABILIZATION, clause)


def linger(bid: Bid, case: Case) -> Bid:
    """The last worker goes only after ``idle_seconds`` without demand, and not if a task is due by then."""
    if bid.replicas or not case.seen.replicas or case.wanting:
        return bid
    idle_s, due_s = case.scaling.idle_seconds, case.queue.next_due_s
    horizon_s = max(idle_s, PROBER_STAYS_S) if case.sick else idle_s
    if due_s is not None and due_s <= horizon_s and not case.queue.paused:
        return bid.to(1, Limit.IDLE, f"a task is due in {due_s:.0f} s")
    since_s = case.now_s if case.memory.idle_since_s is None else case.memory.idle_since_s
    passed_s = case.now_s - since_s
    if passed_s >= idle_s:
        return replace(bid, clause=f"idle for {passed_s:.0f} s")
    clause = f"idle for {passed_s:.0f} of {idle_s:g} s"
    return bid.to(1, Limit.IDLE, clause, until_s=since_s + idle_s)


def ramp(bid: Bid, case: Case, *, panic: bool) -> Bid:
    """Bounded steps; after an outage workers double, at most once per ``RAMP_SECONDS``."""
    current = case.seen.replicas
    up, down = case.scaling.up.max_step, case.scaling.down.max_step
    if case.memory.recovering and bid.replicas > current:
        paced = case.now_s - case.memory.raised_s >= RAMP_SECONDS or not current
        doubled = max(1, 2 * current) if paced else current
        bid = bid.to(min(bid.replicas, doubled), Limit.RAMP, "doubling after an outage")
    if up and bid.replicas > current + up and not panic:
        bid = bid.to(current + up, Limit.MAX_STEP, f"at most {up} more at once")
    if down and bid.replicas < current - down:
        bid = bid.to(current - down, Limit.MAX_STEP, f"at most {down} fewer at once")
    return bid


def pace(bid: Bid, case: Case, *, panic: bool) -> Bid:
    """A few workers at first, then as many as are up: those that start together share the processors, and all are paid for.

    Not in a panic, and not where starting takes long for another reason, such as a node that has to come first.
    """
    current, starting = case.seen.replicas, case.seen.starting
    at_once = case.scaling.up.max_starting
    slow = starting and case.now_s - case.memory.raised_s >= START_PATIENCE_S
    if bid.replicas <= current or not at_once or panic or slow:
        return bid
    up = current - starting
    allowed = max(current, up + max(at_once, up))
    clause = f"{allowed - up} may start at once beside {up}"
    return bid.to(min(bid.replicas, allowed), Limit.RAMP, clause)


def floor(case: Case) -> tuple[int, Limit]:
    """The lowest number allowed now and who asks for it."""
    if case.sick and case.scaling.on_breaker_open is BreakerReaction.TO_ZERO:
        return 0, Limit.NONE
    return floor_of(case.policy, now_s=case.now_s)


def floor_of(policy: Policy, *, now_s: float) -> tuple[int, Limit]:
    """Minimum or warm window, whichever is higher, within the maximum."""
    warm, lowest = policy.warm_replicas(now_s), policy.scaling.min_replicas
    asked, limit = (warm, Limit.WARM) if warm > lowest else (lowest, Limit.MIN_REPLICAS)
    return min(asked, policy.scaling.max_replicas), limit


def bound(bid: Bid, case: Case) -> Bid:
    """Between minimum (or warm window) and maximum."""
    least, limit = floor(case)
    most = case.scaling.max_replicas
    bid = bid.to(max(bid.replicas, least), limit, f"at least {least} are kept ({limit})")
    return bid.to(min(bid.replicas, most), Limit.MAX_REPLICAS, f"maxReplicas allows {most}")


def spare_busy(bid: Bid, case: Case) -> Bid:
    """A worker with a task is never taken away."""
    if bid.replicas >= case.seen.replicas:
        return bid
    kept = max(bid.replicas, min(case.seen.busy, case.seen.replicas))
    return bid.to(kept, Limit.BUSY, f"{case.seen.busy} are busy")
