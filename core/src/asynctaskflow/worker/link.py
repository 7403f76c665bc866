"""What the worker knows of Redis: there or away, since when, and how long to wait before asking again."""

from asynctaskflow.clock import Clock
from asynctaskflow.logs import get_logger

LONGEST_EXPONENT = 20


class Link:
    """Says each change of state in one log line; never raises."""

    def __init__(self, clock: Clock, *, base_s: float, cap_s: float) -> None:
        """Not connected yet."""
        self._clock = clock
        self._base_s = base_s
        self._cap_s = cap_s
        self._away_since_s: float | None = clock.mono_s()
        self._failures = 0

    @property
    def up(self) -> bool:
        """Whether the last answer was one."""
        return self._away_since_s is None

    def answered(self) -> None:
        """Redis has answered."""
        if self._away_since_s is None:
            return
        away_s = self._clock.mono_s() - self._away_since_s
        get_logger().info("redis_connected", away_s=round(away_s, 3), failures=self._failures)
        self._away_since_s = None
        self._failures = 0

    def failed(self, error: Exception, *, roll: float) -> float:
        """Redis has not answered or refuses; returns the seconds to wait (full jitter)."""
        if self._failures == 0:
            get_logger().warning("redis_away", error=str(error))
        if self._away_since_s is None:
            self._away_since_s = self._clock.mono_s()
        exponent = min(self._failures, LONGEST_EXPONENT)
        self._failures += 1
        return min(self._cap_s, self._base_s * 2.0**exponent) * roll
