"""A decision as it is kept beside its function, so that people see when and why workers came and went."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from asynctaskflow.scaling.decision import Candidate, Decision, Limit

KEPT = 50
REPEATED_AFTER_MS = 60_000
CALM = frozenset(
    {Limit.NONE, Limit.STABILIZATION, Limit.IDLE, Limit.MIN_REPLICAS, Limit.WARM, Limit.BUSY}
)


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision at one moment; the fields that ``Decision`` has too mean the same.

    Attributes:
        at_ms: when it was made, Redis time.
        ready: workers that took tasks then.
    """

    at_ms: int
    previous: int
    replicas: int
    ready: int
    reason: str
    limited_by: str
    acts: bool = True
    panic: bool = False
    inputs: Mapping[str, float | str | bool | None] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    next_scale_down_s: float | None = None

    @classmethod
    def of(cls, decision: Decision, *, at_ms: int, ready: int) -> "DecisionRecord":
        """The record of a decision."""
        return cls(
            at_ms=at_ms,
            previous=decision.previous,
            replicas=decision.replicas,
            ready=ready,
            reason=decision.reason,
            limited_by=str(decision.limited_by),
            acts=decision.acts,
            panic=decision.panic,
            inputs=decision.inputs,
            candidates=decision.candidates,
            next_scale_down_s=decision.next_scale_down_s,
        )

    def is_news_after(self, last: "DecisionRecord | None") -> bool:
        """Whether it says what the last record does not.

        Decisions are made many times a second. News is another number of workers, or another limit that keeps
        workers away; a change that is decided again and again, as while workers crash, is news once a minute.
        """
        if last is None or self._outcome != last._outcome:
            return True
        if self.replicas == self.previous or not self.acts:
            return False
        return self.previous != last.previous or self.at_ms - last.at_ms >= REPEATED_AFTER_MS

    @property
    def _outcome(self) -> tuple[int, str, bool, bool]:
        limit = "" if self.limited_by in CALM else self.limited_by
        return self.replicas, limit, self.panic, self.acts
