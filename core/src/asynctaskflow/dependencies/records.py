"""Turns what ``lua/read.lua`` and the history list hold into values. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from asynctaskflow.dependencies.messages import (
    BreakerState,
    CallDay,
    DependencyState,
    LimiterState,
    Transition,
)
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.breaker import Override, Status

DAY_MS = 86_400_000
DAYS = 7


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


def call_days(fields: Mapping[bytes, bytes], *, now_ms: int) -> list[CallDay]:
    """Days in the hash that ``report.lua`` counts in, newest first; only those of the last week."""
    days: dict[int, dict[str, int]] = defaultdict(dict)
    for field, count in fields.items():
        day, _, name = field.decode().partition(":")
        days[int(day)][name] = int(count)
    today = now_ms // DAY_MS
    return [_call_day(day, days[day]) for day in sorted(days, reverse=True) if day > today - DAYS]


def _call_day(day: int, counts: dict[str, int]) -> CallDay:
    calls, failed = counts.pop("calls", 0), counts.pop("failed", 0)
    by_class = {name.removeprefix("e:"): count for name, count in counts.items()}
    errors = sorted(by_class.items(), key=lambda one: (-one[1], one[0]))
    date = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date()
    return CallDay(date.isoformat(), calls, failed, dict(errors))


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
