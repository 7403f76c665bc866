"""Whether claiming work makes sense while a dependency is in a given state. Pure."""

from asynctaskflow.dependencies.messages import DependencyState
from asynctaskflow.resilience.breaker import Override, Rules, Status, busy_probes_wait_ms

RECHECK_FORCED_MS = 2_000


def rules_of(state: DependencyState) -> Rules:
    """The breaker's policy in the scripts' units."""
    policy = state.spec.breaker
    return Rules(
        window_ms=milliseconds(policy.window_seconds),
        min_calls=policy.min_calls,
        failure_ratio=policy.failure_ratio,
        open_ms=milliseconds(policy.open_seconds),
        probes=policy.half_open_probes,
        permit_ms=milliseconds(policy.permit_seconds),
    )


def milliseconds(seconds: float) -> int:
    """At least 1."""
    return max(1, round(seconds * 1000))


def claims_wait_ms(state: DependencyState) -> int:
    """How long a worker should claim no tasks that call this dependency; 0: claim.

    A limiter that is merely slow does not stop claims: its waiters keep their place in the line. One that
    sleeps for longer than a call may wait does, because each task would only be handed back.
    """
    return max(_breaker_wait_ms(state), _sleep_wait_ms(state))


def _breaker_wait_ms(state: DependencyState) -> int:
    breaker = state.breaker
    if breaker.override is Override.FORCE_OPEN:
        return RECHECK_FORCED_MS
    match breaker.status:
        case Status.CLOSED:
            return 0
        case Status.OPEN:
            return max(0, breaker.next_attempt_ms - state.now_ms)
        case Status.HALF_OPEN:
            taken = breaker.probes_in_flight + breaker.probes_succeeded
            free = taken < state.spec.breaker.half_open_probes
            return 0 if free else busy_probes_wait_ms(rules_of(state))


def _sleep_wait_ms(state: DependencyState) -> int:
    asleep_ms = max(0, state.limiter.sleeping_until_ms - state.now_ms)
    return asleep_ms if asleep_ms > state.spec.max_wait_seconds * 1000 else 0
