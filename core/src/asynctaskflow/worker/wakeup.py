"""One blocking read for new work, only while this worker could take some.

A worker that waits without room would swallow the wake-up of one that has room.
"""

import asyncio
from collections.abc import Callable

from redis.exceptions import RedisError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.protocol import WorkSource

SHORTEST_S = 0.001
AFTER_ERROR_S = 0.2


class Wakeup:
    """Waits in the background and calls back, whatever the reason: work, time, or a lost connection."""

    def __init__(
        self, source: WorkSource, *, group: asyncio.TaskGroup, on_wake: Callable[[], None]
    ) -> None:
        """Not waiting."""
        self._source = source
        self._group = group
        self._on_wake = on_wake
        self._waiting: asyncio.Task[None] | None = None

    def arm(self, timeout_s: float) -> None:
        """Wait, unless it is waiting already."""
        if self._waiting is None:
            self._waiting = self._group.create_task(self._wait(max(timeout_s, SHORTEST_S)))

    def disarm(self) -> None:
        """Stop waiting."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self, timeout_s: float) -> None:
        try:
            await self._source.wait_for_work(timeout_s=timeout_s)
        except (QueueUnavailable, RedisError):
            await asyncio.sleep(AFTER_ERROR_S)  # the turn that follows finds out, and says so
        if self._waiting is asyncio.current_task():
            self._waiting = None
        self._on_wake()
