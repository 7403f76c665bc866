"""The answer of ``decide``: how many workers, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from asynctaskflow.scaling.memory import Memory


class Limit(StrEnum):
    """Which rule had the last word; ``NONE``: demand alone."""

    NONE = "None"
    MODE = "Mode"
    FORCED = "Forced"
    QUEUE_UNREADABLE = "QueueUnreadable"
    PAUSED = "Paused"
    RATE_LIMIT = "RateLimit"
    BREAKER = "BreakerOpen"
    RAMP = "Ramp"
    STABILIZATION = "Stabilization"
    IDLE = "Idle"
    MAX_STEP = "MaxStep"
    MIN_REPLICAS = "MinReplicas"
    MAX_REPLICAS = "MaxReplicas"
    WARM = "WarmWindow"
    BUSY = "Busy"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one rule made of the number of workers."""

    signal: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Decision:
    """How many workers there should be.

    Attributes:
        replicas: workers to run; in mode Observe what it would be.
        previous: workers asked for until now.
        acts: whether to apply it; False in the modes Observe, Paused and External.
        reason: one sentence with its numbers.
        limited_by: the rule that had the last word.
        victims: idle workers to take away, never a busy one; choose them with ``choose_victims``.
        panic: tasks waited too long beside too few workers, so that ramps were skipped.
        inputs: every number that the decision was made from.
        candidates: the number after each rule that spoke, in order.
        next_scale_down_s: earliest time of a lower number if demand stays as it is (epoch);
            ``None`` if nothing is held back by time.
        memory: to be passed to the next decision.
    """

    replicas: int
    previous: int
    reason: str
    limited_by: Limit
    memory: Memory
    acts: bool = True
    panic: bool = False
    inputs: Mapping[str, float | str | bool | None] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    next_scale_down_s: float | None = None

    @property
    def victims(self) -> int:
        """How many idle workers to take away."""
        return max(0, self.previous - self.replicas) if self.acts else 0
