"""The provider's side of a rate limit: counts, and refuses what is over. Pure but for what it remembers."""

from collections import deque


class Window:
    """A sliding log: the strictest reading of "L calls per W seconds"."""

    def __init__(self) -> None:
        """Start empty."""
        self._admitted_s: deque[float] = deque()

    def admit(self, now_s: float, *, limit: int, window_s: float) -> float:
        """Count a call, or refuse it.

        Returns:
            0 if admitted, else the seconds until one would be.
        """
        while self._admitted_s and now_s - self._admitted_s[0] >= window_s:
            self._admitted_s.popleft()
        if limit and len(self._admitted_s) >= limit:
            return self._admitted_s[0] + window_s - now_s
        self._admitted_s.append(now_s)
        return 0.0

    def clear(self) -> None:
        """Forget all."""
        self._admitted_s.clear()
