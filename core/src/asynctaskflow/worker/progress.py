"""Carries progress to Redis: at most four times a second for each task, and always the last one.

Best effort by design: a report that cannot be stored delays nothing and fails nothing, except that one
refused because the lease is lost tells the worker so.
"""

import asyncio
from collections.abc import Callable

from asynctaskflow.errors import LeaseLost, QueueUnavailable
from asynctaskflow.taskqueue.protocol import WorkSource
from asynctaskflow.worker.execution import Execution

INTERVAL_S = 0.25
NOTE_CHARS = 1024


class ProgressPump:
    """Collects the newest report of each attempt and sends them in rounds."""

    def __init__(self, source: WorkSource, *, on_lost: Callable[[Execution], None]) -> None:
        """Nothing is sent until ``run``."""
        self._source = source
        self._on_lost = on_lost
        self._newest: dict[Execution, tuple[float, str]] = {}
        self._news = asyncio.Event()

    def offer(self, execution: Execution, *, fraction: float, note: str) -> None:
        """Remember the newest report; only on the loop's thread.

        Raises:
            ValueError: the fraction is not a number.
        """
        if fraction != fraction:  # noqa: PLR0124 - NaN is the one number that differs from itself
            raise ValueError("progress: the fraction is not a number")
        self._newest[execution] = (min(max(fraction, 0.0), 1.0), note[:NOTE_CHARS])
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
        """Send what this attempt has still to report."""
        report = self._newest.pop(execution, None)
        if report is None:
            return
        task = execution.task
        try:
            await self._source.progress(task.id, task.lease, fraction=report[0], note=report[1])
        except LeaseLost:
            self._on_lost(execution)
        except QueueUnavailable:
            return

    def waiting(self, execution: Execution) -> bool:
        """Whether this attempt has something to report."""
        return execution in self._newest
