"""Turns what ``lua/read.lua`` and the history list hold into values. Pure."""

from collections.abc import Iterator, Sequence

from asynctaskflow.dependencies.messages import (
    BreakerState,
    DependencyState,
    LimiterState,
    Transition,
)
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.breaker import Override, Status


def state_of(name: str, reply: Sequence[bytes]) -> DependencyState | None:
    """The state in a reply of ``read.lua``, in its order; ``None`` if the dependency is unknown."""
    if not reply:
        return None
    fields = (value.decode() for value in reply)
    now_ms = int(next(fields))
    spec = DependencySpec.model_validate_json(next(fields), extra="ignore")
    return DependencyState(name, spec, _breaker(fields), _limiter(fields, now_ms), now_ms)


def transition_of(line: str) -> Transition:
    """One line of the history."""
    at_ms, old, new, reason = line.split("|", 3)
    return Transition(int(at_ms), Status(old), Status(new), reason)


def _breaker(fields: Iterator[str]) -> BreakerState:
    status, epoch, since_ms = Status(next(fields)), int(next(fields)), int(next(fields))
    until_ms, good, override = int(next(fields)), int(next(fields)), Override(next(fields))
    calls, failures = int(next(fields)), int(next(fields))
    in_flight, probes = int(next(fields)), int(next(fields))
    return BreakerState(
        status=status,
        override=override,
        since_ms=since_ms,
        calls=calls,
        failures=failures,
        next_attempt_ms=until_ms,
        probes_in_flight=in_flight,
        probes_succeeded=good,
        epoch=epoch,
        probes=probes,
    )


def _limiter(fields: Iterator[str], now_ms: int) -> LimiterState:
    tokens, requests = float(next(fields) or 0), float(next(fields) or 0)
    interval_ms, capacity = int(next(fields) or 0), float(next(fields) or 0)
    source, sleep_until_ms = next(fields), int(next(fields))
    return LimiterState(
        tokens=tokens,
        requests=requests,
        interval_ms=interval_ms,
        capacity=capacity,
        source=source,
        sleeping_until_ms=sleep_until_ms if sleep_until_ms > now_ms else 0,
        waiting=int(next(fields)),
        grants=int(next(fields)),
        throttled=int(next(fields)),
    )
