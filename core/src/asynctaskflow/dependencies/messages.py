"""The values that go into and come out of the dependencies' store: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.breaker import Override, Status
from asynctaskflow.scaling.observation import BreakerState as Effective

OWN_STATES: dict[Status, Effective] = {
    Status.CLOSED: "closed",
    Status.OPEN: "open",
    Status.HALF_OPEN: "half_open",
}


class DependencyNotFound(AsyncTaskFlowError):
    """No dependency of that name is registered."""


class Code(IntEnum):
    """What ``admit`` answers; the numbers are those of ``lua/prelude/1_names.lua``."""

    GRANTED = 1
    WAIT = 0
    BUSY = -1
    OPEN = -2
    UNKNOWN = -3
    OVER = -4


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that asks to be let through.

    Attributes:
        nonce: names the call; asking again with it is the same request.
        tokens: what the call costs, at least 1.
        waited_ms: how long it has waited for tokens so far.
        longest_ms: most it may wait from now; ``None``: as the spec says.
    """

    nonce: str
    tokens: int = 1
    waited_ms: int = 0
    longest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to an ``Ask``.

    Attributes:
        wait_ms: until asking again makes sense.
        probe: the call decides whether the breaker closes.
        turned: this request took the breaker from open to half open.
    """

    code: Code
    wait_ms: int = 0
    probe: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a report; ``turned``: it opened or closed the breaker, which is ``status`` now."""

    counted: bool
    turned: bool
    status: Status


@dataclass(frozen=True, slots=True)
class Transition:
    """The breaker went from one state to another."""

    at_ms: int
    old: Status
    new: Status
    reason: str


@dataclass(frozen=True, slots=True)
class CallDay:
    """The calls of one day.

    Attributes:
        date: UTC, ISO 8601.
        calls: that were let through and ran; ``failed`` of them raised.
        errors: error class -> calls that ended with it, most first.
    """

    date: str
    calls: int
    failed: int
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker at one moment.

    Attributes:
        since_ms: last transition, or registration.
        calls, failures: of the window that ends now.
        next_attempt_ms: when probing may start (it may lie in the past: the next call probes); 0 unless
            open by its own decision.
        probes_in_flight: permits out while half open; ``probes_succeeded`` of this half-open phase.
        epoch: number of transitions so far.
        probes: permits ever given.
    """

    status: Status
    override: Override
    since_ms: int
    calls: int
    failures: int
    next_attempt_ms: int
    probes_in_flight: int
    probes_succeeded: int
    epoch: int
    probes: int

    @property
    def effective(self) -> Effective:
        """What calls meet: a person's word, and without one the breaker's own state."""
        match self.override:
            case Override.FORCE_OPEN:
                return "open"
            case Override.FORCE_CLOSED:
                return "closed"
            case Override.AUTO:
                return OWN_STATES[self.status]

    @property
    def failure_ratio(self) -> float:
        """Share of the window's calls that failed; 0 if there were none."""
        return self.failures / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class LimiterState:
    """A limiter at one moment; without a limit ``requests``, ``interval_ms``, ``capacity``, ``tokens`` are 0.

    Attributes:
        source: ``spec``, ``provider`` or whoever configured it; empty without a limit.
        sleeping_until_ms: nothing is granted before; 0 if awake.
        waiting: calls in the line.
        grants: calls let through ever; ``throttled``: calls that had to wait or were turned away.
    """

    tokens: float
    requests: float
    interval_ms: int
    capacity: float
    source: str
    sleeping_until_ms: int
    waiting: int
    grants: int
    throttled: int


@dataclass(frozen=True, slots=True)
class DependencyState:
    """Everything about a dependency, read at one moment (``now_ms``, Redis time)."""

    name: str
    spec: DependencySpec
    breaker: BreakerState
    limiter: LimiterState
    now_ms: int
