"""``Dependency.status`` from what Redis holds of its breaker and limiter."""

from collections.abc import Mapping, Sequence
from typing import Any

from asynctaskflow.dependencies.messages import DependencyState, Transition
from asynctaskflow.resilience.breaker import Override
from asynctaskflow_operator.rules.conditions import Condition, merged, timestamp
from asynctaskflow_operator.rules.function_status import STATES

VOLATILE = ("calls", "failures", "failureRatio", "rateLimit")


def dependency_status(
    state: DependencyState,
    transitions: Sequence[Transition],
    *,
    generation: int,
    used_by: int,
    before: Mapping[str, Any],
) -> dict[str, Any]:
    """The status as it is to be written; fields without a value are ``None``.

    Args:
        transitions: of the breaker, newest first.
        before: the status that was seen last.
    """
    breaker, shown = state.breaker, STATES[state.breaker.effective]
    forced = breaker.override is not Override.AUTO
    reason = "by hand" if forced else transitions[0].reason if transitions else ""
    retry_ms = 0 if forced else breaker.next_attempt_ms
    now_s = state.now_ms / 1000
    return {
        "observedGeneration": generation,
        "state": shown,
        "since": timestamp(breaker.since_ms / 1000),
        "reason": reason,
        "calls": breaker.calls,
        "failures": breaker.failures,
        "failureRatio": round(breaker.failure_ratio, 3),
        "nextAttemptTime": timestamp(retry_ms / 1000) if retry_ms else None,
        "override": breaker.override.value,
        "rateLimit": _rate_limit(state),
        "usedBy": used_by,
        "conditions": merged(
            [_healthy(shown, reason)],
            before.get("conditions", ()),
            generation=generation,
            now_s=now_s,
        ),
    }


def is_news(status: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether something has changed that people act on; counts of calls can wait."""
    names = status.keys() | before.keys()
    return any(status.get(name) != before.get(name) for name in names if name not in VOLATILE)


def _rate_limit(state: DependencyState) -> dict[str, Any] | None:
    limiter = state.limiter
    if not limiter.interval_ms:
        return None
    asleep_ms = limiter.sleeping_until_ms
    return {
        "requestsPerSecond": round(limiter.requests * 1000 / limiter.interval_ms, 3),
        "capacity": limiter.capacity,
        "source": limiter.source,
        "sleepingUntil": timestamp(asleep_ms / 1000) if asleep_ms else None,
        "waiting": limiter.waiting,
    }


def _healthy(shown: str, reason: str) -> Condition:
    healthy = shown == "Closed"
    return Condition("Healthy", status=healthy, reason=f"Breaker{shown}", message=reason)
