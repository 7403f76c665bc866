"""Carries progress to Redis: at most four times a second for each task, and always the last one.

Best effort by design: a report that cannot be stored delays nothing and fails nothing, except that one
refused because the lease is lost tells the worker so.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

from redis.exceptions import RedisError

from asynctaskflow.errors import LeaseLost, QueueUnavailable
from asynctaskflow.model.task import TaskId
from asynctaskflow.worker.execution import Execution

INTERVAL_S = 0.25
NOTE_CHARS = 1024


class ProgressStore(Protocol):
    """Where reports go."""

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:
        """Store one; see ``WorkSource.progress``."""
        ...


class ProgressPump:
    """Collects the newest report of each attempt and sends them in rounds.

    Attributes:
        on_lost: told when a report is refused because the lease is lost.
    """

    def __init__(self, store: ProgressStore) -> None:
        """Nothing is sent until ``run``."""
        self._store = store
        self.on_lost: Callable[[Execution], None] = _ignore
        self._newest: dict[Execution, tuple[float, str]] = {}
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._sending: Execution | None = None

    def offer(self, execution: Execution, *, fraction: float, note: str) -> None:
        """Remember the newest report; only on the loop's thread.

        Raises:
            ValueError, TypeError, OverflowError: the fraction is not a number.
        """
        told = float(fraction)  # a Decimal or a bool compares like one, but Redis takes none
        if math.isnan(told):
            raise ValueError("progress: the fraction is not a number")
        self._newest[execution] = (min(max(told, 0.0), 1.0), _storable(note))
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            for execution in tuple(self._newest):
                await self.flush(execution)
            await asyncio.sleep(INTERVAL_S)

    async def flush(self, execution: Execution) -> None:
        """Send what this attempt has still to report; returns when its last report has arrived."""
        async with self._one_at_a_time:
            report = self._newest.pop(execution, None)
            if report is None:
                return
            self._sending = execution
            await self._send(execution, fraction=report[0], note=report[1])
            self._sending = None

    async def _send(self, execution: Execution, *, fraction: float, note: str) -> None:
        task = execution.task
        try:
            await self._store.progress(task.id, task.lease, fraction=fraction, note=note)
        except LeaseLost:
            self.on_lost(execution)
        except (QueueUnavailable, RedisError):
            return

    def waiting(self, execution: Execution) -> bool:
        """Whether a report of this attempt has not arrived yet."""
        return execution in self._newest or self._sending is execution


def _storable(note: str) -> str:
    return note[:NOTE_CHARS].encode(errors="backslashreplace").decode()[:NOTE_CHARS]


def _ignore(_execution: Execution) -> None:
    """Nobody listens yet."""
