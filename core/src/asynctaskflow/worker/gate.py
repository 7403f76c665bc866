"""Whether this worker may claim: not while a dependency is away, then one task to try. Pure: time is an argument."""


class Gate:
    """Opens and closes claims; one per worker.

    A task handed back because a breaker is open would come straight back to the next claim. So claims
    pause until the dependency may answer again; then one task at a time, until one has got through.
    """

    def __init__(self, *, max_s: float) -> None:
        """Open.

        Args:
            max_s: longest pause; a breaker closed by hand is noticed after it.
        """
        self._max_s = max_s
        self._closed_until_s = 0.0
        self._trying = False
        self._trial_out = False

    def close(self, *, now_s: float, delay_s: float) -> None:
        """A task was handed back: pause for the delay that it named."""
        if delay_s <= 0:
            self._trial_out = False
            return
        until_s = now_s + min(delay_s, self._max_s)
        self._closed_until_s = max(self._closed_until_s, until_s)
        self._trying = True
        self._trial_out = False

    def passed(self) -> None:
        """A task ended otherwise: the dependency answers again."""
        self._trying = False
        self._trial_out = False

    def claimed(self) -> None:
        """Something was claimed; while the gate is not fully open, it is the one that tries."""
        self._trial_out = self._trying

    def allowed(self, number: int, *, now_s: float) -> int:
        """How many of ``number`` tasks may be claimed now."""
        if not self._trying:
            return number
        if self._trial_out or now_s < self._closed_until_s:
            return 0
        return min(1, number)

    def opens_s(self, *, now_s: float) -> float | None:
        """Seconds until claims go on, ``None`` if they are not paused."""
        if not self._trying or now_s >= self._closed_until_s:
            return None
        return self._closed_until_s - now_s
