"""How many workers a function should have now: one pure function for cluster, local stack and simulator."""

from dataclasses import replace

from asynctaskflow.scaling import rules
from asynctaskflow.scaling.decision import Candidate, Decision, Limit
from asynctaskflow.scaling.memory import Memory
from asynctaskflow.scaling.observation import Observation, QueueSight
from asynctaskflow.scaling.policy import Policy
from asynctaskflow.scaling.rules import Bid, Case


def decide(seen: Observation, policy: Policy, memory: Memory, *, now_s: float) -> Decision:
    """Decide from what is seen, the rules, what is remembered and the time (epoch seconds).

    The caller passes ``Decision.memory`` to the next call. An unreadable queue changes nothing; a worker
    with a task is never taken away. A number that a person has set goes before every rule but that one.
    """
    if policy.forced is not None:
        return _obey(seen, policy.forced, memory)
    if policy.scaling.mode in {"Paused", "External"}:
        return _stay(seen, memory, Limit.MODE, f"scaling mode is {policy.scaling.mode}", acts=False)
    if seen.queue is None:
        return _hold_blind(seen, policy, memory, now_s=now_s)
    case = _case(seen, seen.queue, policy, memory, now_s=now_s)
    wanted = rules.need(case)
    for rule in (rules.cap_by_rate_limit, rules.stop_when_paused, rules.hold_for_breaker):
        wanted = rule(wanted, case)
    case = replace(case, memory=_remember(case, wanted))
    panic = rules.is_panic(wanted, case)
    bid = rules.stabilize(wanted, case, panic=panic)
    bid = rules.ramp(rules.linger(bid, case), case, panic=panic)
    bid = rules.pace(bid, case, panic=panic)
    bid = rules.spare_busy(rules.bound(bid, case), case)
    return _decision(case, bid, panic=panic)


def _case(
    seen: Observation, queue: QueueSight, policy: Policy, memory: Memory, *, now_s: float
) -> Case:
    sick = next((d.name for d in seen.dependencies if d.breaker != "closed"), "")
    wanting = queue.running if queue.paused else queue.demand
    return Case(seen, queue, policy, memory, now_s, wanting, sick)


def _remember(case: Case, wanted: Bid) -> Memory:
    up, down = case.scaling.up, case.scaling.down
    window_s = max(up.stabilization_seconds, down.stabilization_seconds)
    memory = case.memory.with_need(wanted.replicas, now_s=case.now_s, window_s=window_s)
    return replace(memory, idle_since_s=_idle_since(case))


def _idle_since(case: Case) -> float | None:
    if case.wanting:
        return None
    began = case.memory.idle_since_s
    began = case.now_s if began is None else min(began, case.now_s)
    return max(began, min(case.seen.last_arrival_s or began, case.now_s))


def _decision(case: Case, bid: Bid, *, panic: bool) -> Decision:
    raised = bid.replicas > case.seen.replicas
    ramping = case.memory.recovering and bid.limit is Limit.RAMP
    memory = replace(
        case.memory,
        recovering=bool(case.sick) or ramping,
        raised_s=case.now_s if raised else case.memory.raised_s,
    )
    return Decision(
        replicas=bid.replicas,
        previous=case.seen.replicas,
        reason=_sentence(case, bid),
        limited_by=bid.limit,
        memory=memory,
        acts=case.scaling.mode == "Active",
        panic=panic,
        inputs=_inputs(case),
        candidates=bid.trail,
        next_scale_down_s=bid.until_s,
    )


def _sentence(case: Case, bid: Bid) -> str:
    queue = case.queue
    counts = f"{queue.waiting} waiting, {queue.due_soon} due soon, {queue.running} running"
    clauses = [counts, bid.basis, *([bid.clause] if bid.clause else [])]
    return f"{_change(case.seen.replicas, bid.replicas)}: {'; '.join(clauses)}"


def _change(before: int, after: int) -> str:
    if before == after:
        return f"{after} workers stay" if after != 1 else "1 worker stays"
    return f"{before} -> {after} workers"


def _inputs(case: Case) -> dict[str, float | str | bool | None]:
    seen, queue = case.seen, case.queue
    limits = [d.limit_per_s for d in seen.dependencies if d.limit_per_s is not None]
    return {
        "waiting": queue.waiting,
        "due_soon": queue.due_soon,
        "running": queue.running,
        "replicas": seen.replicas,
        "busy": seen.busy,
        "starting": seen.starting,
        "slots": case.policy.slots,
        "p50_run_s": seen.p50_run_s,
        "oldest_wait_s": queue.oldest_wait_s,
        "next_due_s": queue.next_due_s,
        "paused": queue.paused,
        "breaker_open": case.sick,
        "limit_per_s": min(limits, default=None),
    }


def _hold_blind(seen: Observation, policy: Policy, memory: Memory, *, now_s: float) -> Decision:
    least, limit = rules.floor_of(policy, now_s=now_s)
    held = _stay(
        seen,
        memory,
        Limit.QUEUE_UNREADABLE,
        "the queue cannot be read, and unknown is not empty",
        acts=policy.scaling.mode == "Active",
    )
    if seen.replicas >= least:
        return held
    reason = f"{held.reason}; at least {least} are kept ({limit})"
    return replace(held, replicas=least, limited_by=limit, reason=reason)


def _obey(seen: Observation, forced: int, memory: Memory) -> Decision:
    """The number that a person asked for; also then no worker goes that holds a task."""
    replicas = max(forced, min(seen.busy, seen.replicas))
    spared = f"; {seen.busy} are busy" if replicas > forced else ""
    return Decision(
        replicas=replicas,
        previous=seen.replicas,
        reason=f"{_change(seen.replicas, replicas)}: replicas is set to {forced}{spared}",
        limited_by=Limit.BUSY if spared else Limit.FORCED,
        memory=memory,
        inputs={"replicas": seen.replicas, "busy": seen.busy},
        candidates=(Candidate(Limit.FORCED.value, replicas),),
    )


def _stay(seen: Observation, memory: Memory, limit: Limit, why: str, *, acts: bool) -> Decision:
    return Decision(
        replicas=seen.replicas,
        previous=seen.replicas,
        reason=f"{_change(seen.replicas, seen.replicas)}: {why}",
        limited_by=limit,
        memory=memory,
        acts=acts,
        inputs={"replicas": seen.replicas, "busy": seen.busy},
    )
