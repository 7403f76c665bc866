"""What scaling remembers between two decisions, as a value: bounded, and safe to lose.

Losing it (a restart) costs at most one stabilization window of caution.
"""

from dataclasses import dataclass, replace

BUCKETS = 60  # samples kept per window; a longer memory would not change a decision


@dataclass(frozen=True, slots=True)
class Sample:
    """Lowest and highest need seen from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Past needs and the few facts that outlive a decision.

    Attributes:
        samples: needs of the stabilization windows, oldest first.
        idle_since_s: since when there has been no demand (epoch); ``None`` while there is.
        recovering: a breaker was open and the workers have not caught up since.
        raised_s: when workers were last added (epoch).
    """

    samples: tuple[Sample, ...] = ()
    idle_since_s: float | None = None
    recovering: bool = False
    raised_s: float = 0.0

    def with_need(self, need: int, *, now_s: float, window_s: float) -> "Memory":
        """Add one need; forget what is older than the window, or in the future (the clock was set back)."""
        past = [s for s in self.samples if s.end_s <= now_s]
        older = sum(s.end_s < now_s - window_s for s in past)
        kept = past[max(0, older - 1) :]  # one sample from before shows that the window is covered
        last = kept[-1] if kept else None
        if last and (last.low == last.high == need or now_s - last.start_s < window_s / BUCKETS):
            kept[-1] = Sample(last.start_s, now_s, min(last.low, need), max(last.high, need))
        else:
            kept.append(Sample(now_s, now_s, need, need))
        return replace(self, samples=tuple(kept))

    def lowest(self, *, now_s: float, window_s: float) -> int | None:
        """Lowest need of the window; ``None`` while the memory does not reach back that far.

        A window of 0 is the last need only.
        """
        if window_s and (not self.samples or self.samples[0].start_s > now_s - window_s):
            return None
        return min((s.low for s in self._since(now_s - window_s)), default=None)

    def highest(self, *, now_s: float, window_s: float) -> int:
        """Highest need of the window, 0 if nothing is remembered."""
        return max((s.high for s in self._since(now_s - window_s)), default=0)

    def falls_below_s(self, need: int, *, window_s: float) -> float | None:
        """When the window will hold no need above this one (epoch); ``None`` if it holds none now."""
        above = [s.end_s for s in self.samples if s.high > need]
        return above[-1] + window_s if above else None

    def _since(self, start_s: float) -> list[Sample]:
        return [s for s in self.samples if s.end_s >= start_s]
