"""How many API writes may be sent now: a token bucket as a value."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Budget:
    """Writes left at one moment; in any time t at most ``burst + per_s * t`` are spent.

    Attributes:
        at_s: when ``tokens`` was right (monotonic).
    """

    per_s: float
    burst: float
    tokens: float
    at_s: float

    @classmethod
    def full(cls, *, per_s: float, burst: float, now_s: float) -> "Budget":
        """A bucket after a quiet time."""
        return cls(per_s, burst, burst, now_s)

    def at(self, now_s: float) -> "Budget":
        """The bucket at a later time."""
        gained = max(0.0, now_s - self.at_s) * self.per_s
        return replace(
            self, tokens=min(self.burst, self.tokens + gained), at_s=max(now_s, self.at_s)
        )

    def spend(self, now_s: float) -> "Budget | None":
        """The bucket after one write; ``None``: not now."""
        filled = self.at(now_s)
        return replace(filled, tokens=filled.tokens - 1) if filled.tokens >= 1 else None

    def wait_s(self, now_s: float) -> float:
        """Seconds until one write may be sent; 0: now."""
        return max(0.0, (1 - self.at(now_s).tokens) / self.per_s)

    def share_left(self, now_s: float) -> float:
        """From 1, full, to 0, empty: what is optional stops early."""
        return self.at(now_s).tokens / self.burst
