"""Deletes finished tasks past their time, a hundred at once; any worker of the function may."""

import asyncio
from collections.abc import Callable

from redis.exceptions import RedisError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.logs import get_logger
from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.protocol import Upkeep

BATCH = 100


class Janitor:
    """Keeps one function's history within its limits."""

    def __init__(
        self,
        upkeep: Upkeep,
        *,
        function: str,
        history: History,
        tick_s: float,
        on_purged: Callable[[int], None],
    ) -> None:
        """Nothing happens until ``run``."""
        self._upkeep = upkeep
        self._function = function
        self._tick_s = tick_s
        self._on_purged = on_purged
        self.adopt(history)

    def adopt(self, history: History) -> None:
        """Keep within these limits from now on."""
        self._ttl_ms = {
            TaskState.COMPLETED: round(history.completed_ttl_seconds * 1000),
            TaskState.FAILED: round(history.failed_ttl_seconds * 1000),
            TaskState.CANCELLED: round(history.failed_ttl_seconds * 1000),
            TaskState.DLQ: round(history.dlq_ttl_seconds * 1000),
        }
        self._keep = {
            TaskState.COMPLETED: history.completed_limit,
            TaskState.FAILED: history.failed_limit,
            TaskState.CANCELLED: history.failed_limit,
        }

    async def run(self) -> None:
        """Until cancelled: one batch each tick, the next one at once while there is more."""
        while True:
            purged = await self._purge()
            await asyncio.sleep(0 if purged >= BATCH else self._tick_s)

    async def _purge(self) -> int:
        try:
            purged = await self._upkeep.purge(self._function, ttl_ms=self._ttl_ms, keep=self._keep)
        except QueueUnavailable:
            return 0
        except RedisError as error:
            get_logger().error("not_purged", error=str(error))
            return 0
        self._on_purged(purged)
        return purged
