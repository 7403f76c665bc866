"""The end of a worker: when it was asked to stop, how long it may still take, and with what exit code."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

from asynctaskflow.clock import Clock
from asynctaskflow.logs import get_logger

AFTER_UNWIND_S = 0.5
NEVER_S = float("inf")


class Exit(IntEnum):
    """What the exit code tells a supervisor; documented in docs/internals.md."""

    STOPPED = 0
    USAGE = 2
    STUCK = 70
    RECYCLE = 75


class Stopping:
    """Asked once: no more claims, ``grace_s`` to finish. Asked twice: hand back at once.

    Attributes:
        grace_s: 0 until the worker runs: before that there is nothing to finish.
        on_change: told when a stop is asked for.
    """

    def __init__(self, clock: Clock, *, unwind_s: float) -> None:
        """Not asked.

        Args:
            unwind_s: time that an interrupted handler has for its clean-up.
        """
        self._clock = clock
        self.grace_s = 0.0
        self._unwind_s = unwind_s
        self.on_change: Callable[[], None] = _ignore
        self._interrupt_s = NEVER_S
        self._asked = asyncio.Event()
        self.exit = Exit.STOPPED

    @property
    def asked(self) -> bool:
        """Whether this worker claims no more."""
        return self._interrupt_s < NEVER_S

    def ask(self, reason: str) -> None:
        """Stop: a signal, the first or a further one."""
        now_s = self._clock.mono_s()
        self._interrupt_s = now_s if self.asked else now_s + self.grace_s
        get_logger().info("stopping", reason=reason, grace_s=max(0.0, self._interrupt_s - now_s))
        self._asked.set()
        self.on_change()

    def recycle(self, reason: str) -> None:
        """Stop so that a supervisor starts a fresh process."""
        if self.asked:
            return
        self.exit = Exit.RECYCLE
        self.ask(f"recycle: {reason}")

    def interrupting(self) -> bool:
        """Whether what still runs must be interrupted now."""
        return self._clock.mono_s() >= self._interrupt_s

    def unwind_until_s(self) -> float:
        """Until when a handler that is interrupted now may clean up."""
        return self._clock.mono_s() + self._unwind_s

    def given_up(self) -> bool:
        """Whether even what Redis has not answered must be left to the leases."""
        end_s = self._interrupt_s + self._unwind_s + AFTER_UNWIND_S
        return self._clock.mono_s() >= end_s

    async def pause(self, delay_s: float) -> None:
        """Wait, but no longer than a stop allows."""
        if self.asked:
            await asyncio.sleep(min(delay_s, self._left_s()))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._asked.wait()

    def _left_s(self) -> float:
        end_s = self._interrupt_s + self._unwind_s + AFTER_UNWIND_S
        return max(0.0, end_s - self._clock.mono_s())


def _ignore() -> None:
    """Nobody listens yet."""
