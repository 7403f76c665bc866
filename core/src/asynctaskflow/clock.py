"""The two clocks, named by purpose; nothing else in the project reads the time.

Stored times come from Redis ``TIME`` inside the scripts. Wall time here is for ids and logs only.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What code that needs time takes as an argument, so that tests can pass virtual time."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch: to store and to show, never to measure."""
        ...

    def mono_s(self) -> float:
        """Monotonic seconds: to measure, never to store."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def mono_s(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()
