"""When a circuit opens, who may probe it and when it closes: the reference for ``dependencies/lua``.

Pure. The scripts keep the same state in Redis; a test drives both with the same events and compares.
"""

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

SLICES = 10
BUSY_PROBES_LEAST_MS = 200
BUSY_PROBES_MOST_MS = 5_000


class Status(StrEnum):
    """Closed: calls pass. Open: none does. Half open: a few probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Override(StrEnum):
    """A person's word, stronger than what calls report."""

    AUTO = "Auto"
    FORCE_OPEN = "ForceOpen"
    FORCE_CLOSED = "ForceClosed"


class Report(StrEnum):
    """How a call ended, seen from the provider: a neutral end says nothing about its health."""

    SUCCESS = "success"
    FAULT = "fault"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Rules:
    """``BreakerPolicy`` in the scripts' units."""

    window_ms: int
    min_calls: int
    failure_ratio: float
    open_ms: int
    probes: int
    permit_ms: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The calls of one tenth of the window."""

    index: int
    calls: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """What the workers share.

    Attributes:
        epoch: number of transitions so far; a report of an older epoch counts for nothing.
        until_ms: when probing may start, while open.
        good: probes that succeeded, while half open.
        probes: nonce -> end of its permit, while half open.
        slices: at most ``SLICES``, by index modulo ``SLICES``.
    """

    status: Status = Status.CLOSED
    epoch: int = 0
    until_ms: int = 0
    good: int = 0
    override: Override = Override.AUTO
    probes: dict[str, int] = field(default_factory=dict)
    slices: dict[int, Slice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may be made now; if not, ``wait_ms`` says when asking again makes sense."""

    allowed: bool
    probe: bool = False
    wait_ms: int = 0


def _busy_probes_wait_ms(rules: Rules) -> int:
    """How long to stay away while all probe permits are taken."""
    return min(BUSY_PROBES_MOST_MS, max(BUSY_PROBES_LEAST_MS, math.floor(rules.open_ms / 10)))


def consult(breaker: Breaker, rules: Rules, *, now_ms: int) -> tuple[Breaker, Verdict]:
    """May a call be made? Nothing is reserved; times that a clock stepping back made absurd are cut."""
    breaker = _cut_times(breaker, rules, now_ms)
    return breaker, _verdict(breaker, rules, now_ms)


def admit(breaker: Breaker, rules: Rules, *, nonce: str, now_ms: int) -> Breaker:
    """Make the call that ``consult`` allowed at the same time."""
    if breaker.status is Status.CLOSED:
        return breaker
    if breaker.status is Status.OPEN:
        breaker = _turn(breaker, Status.HALF_OPEN)
    return replace(breaker, probes={**breaker.probes, nonce: now_ms + rules.permit_ms})


def report(
    breaker: Breaker, rules: Rules, *, nonce: str, epoch: int, how: Report, now_ms: int
) -> Breaker:
    """Count how a call ended that was admitted in ``epoch``."""
    if epoch != breaker.epoch:
        return breaker
    if breaker.status is Status.HALF_OPEN:
        return _probe_ended(breaker, rules, nonce=nonce, how=how, now_ms=now_ms)
    if how is Report.NEUTRAL:
        return breaker
    breaker = _count(breaker, rules, how, now_ms)
    calls, failures = window(breaker, rules, now_ms=now_ms)
    tripped = calls >= rules.min_calls and failures / calls >= rules.failure_ratio
    if tripped and breaker.override is Override.AUTO:
        return _turn(breaker, Status.OPEN, until_ms=now_ms + rules.open_ms)
    return breaker


def force(breaker: Breaker, override: Override) -> Breaker:
    """Obey a person: open or closed until told otherwise; ``AUTO`` starts afresh, closed."""
    if override is breaker.override and override is not Override.AUTO:
        return breaker
    status = Status.OPEN if override is Override.FORCE_OPEN else Status.CLOSED
    breaker = replace(breaker, override=override)
    if status is not breaker.status:
        return _turn(breaker, status)
    return replace(breaker, slices={}) if status is Status.CLOSED else breaker


def window(breaker: Breaker, rules: Rules, *, now_ms: int) -> tuple[int, int]:
    """(calls, failures) of the window that ends now."""
    last = _slice_index(rules, now_ms)
    seen = [one for one in breaker.slices.values() if last - SLICES < one.index <= last]
    return sum(one.calls for one in seen), sum(one.failures for one in seen)


def _verdict(breaker: Breaker, rules: Rules, now_ms: int) -> Verdict:
    probe = breaker.status is not Status.CLOSED
    if breaker.override is Override.FORCE_OPEN:
        away_ms = rules.open_ms
    elif breaker.status is Status.OPEN:
        away_ms = max(0, breaker.until_ms - now_ms)
    elif breaker.status is Status.HALF_OPEN:
        free = breaker.good + len(breaker.probes) < rules.probes
        away_ms = 0 if free else _busy_probes_wait_ms(rules)
    else:
        away_ms = 0
    return (
        Verdict(allowed=False, wait_ms=away_ms) if away_ms else Verdict(allowed=True, probe=probe)
    )


def _turn(breaker: Breaker, status: Status, *, until_ms: int = 0) -> Breaker:
    slices = {} if status is Status.CLOSED else breaker.slices
    return Breaker(status, breaker.epoch + 1, until_ms, override=breaker.override, slices=slices)


def _cut_times(breaker: Breaker, rules: Rules, now_ms: int) -> Breaker:
    latest = now_ms + rules.permit_ms
    probes = {nonce: min(end, latest) for nonce, end in breaker.probes.items() if end > now_ms}
    return replace(breaker, probes=probes, until_ms=min(breaker.until_ms, now_ms + rules.open_ms))


def _probe_ended(
    breaker: Breaker, rules: Rules, *, nonce: str, how: Report, now_ms: int
) -> Breaker:
    if breaker.probes.get(nonce, now_ms) <= now_ms:
        return breaker
    if how is Report.FAULT:
        return _turn(breaker, Status.OPEN, until_ms=now_ms + rules.open_ms)
    rest = {other: end for other, end in breaker.probes.items() if other != nonce}
    good = breaker.good + (how is Report.SUCCESS)
    if good >= rules.probes:
        return _turn(breaker, Status.CLOSED)
    return replace(breaker, probes=rest, good=good)


def _count(breaker: Breaker, rules: Rules, how: Report, now_ms: int) -> Breaker:
    index = _slice_index(rules, now_ms)
    old = breaker.slices.get(index % SLICES, Slice(index))
    old = old if old.index == index else Slice(index)
    new = Slice(index, old.calls + 1, old.failures + (how is Report.FAULT))
    return replace(breaker, slices={**breaker.slices, index % SLICES: new})


def _slice_index(rules: Rules, now_ms: int) -> int:
    return math.floor(now_ms * SLICES / rules.window_ms)
