"""Whether this operator lives and acts: from how long ago it last looked, and last heard from the API server.

An API server or a Redis that is away is no reason to restart: nothing would be better afterwards.
"""

from collections.abc import Callable

from asynctaskflow.clock import Clock
from asynctaskflow.worker.probes import Verdict
from asynctaskflow_operator.rules.health import Ages, live, ready


class Health:
    """Remembers the last signs of life."""

    def __init__(self, clock: Clock) -> None:
        """It has just started."""
        self._clock = clock
        self._began_s = clock.mono_s()
        self._renewed_s: float | None = None
        self._watched_s: float | None = None
        self._loop_age_s: Callable[[], float] = lambda: 0.0
        self._blind: Callable[[], bool] = lambda: False
        self.leading = False
        self.waiting_for = "starting"

    def follow(self, *, loop_age_s: Callable[[], float], blind: Callable[[], bool]) -> None:
        """Ask these about the scaling loop."""
        self._loop_age_s, self._blind = loop_age_s, blind

    def renewed(self) -> None:
        """The API server has taken a write of ours."""
        self._renewed_s = self._clock.mono_s()

    def watched(self) -> None:
        """A watch has shown a change that we made."""
        self._watched_s = self._clock.mono_s()

    def watch_age_s(self) -> float:
        """Seconds since a watch last showed something."""
        seen_s = self._began_s if self._watched_s is None else self._watched_s
        return self._clock.mono_s() - seen_s

    def loop_age_s(self) -> float:
        """Seconds since the last look at all Functions."""
        return self._loop_age_s() if self.leading else 0.0

    def live(self) -> Verdict:
        """Bad means that only a restart helps."""
        return Verdict(*live(self._ages()))

    def ready(self) -> Verdict:
        """Bad means that it does not act now, and why."""
        return Verdict(*ready(self._ages(), waiting_for=self.waiting_for))

    def _ages(self) -> Ages:
        now_s = self._clock.mono_s()
        return Ages(
            leading=self.leading,
            loop_s=self.loop_age_s(),
            watch_s=self.watch_age_s(),
            write_s=None if self._renewed_s is None else now_s - self._renewed_s,
            redis_away=self._blind(),
        )
