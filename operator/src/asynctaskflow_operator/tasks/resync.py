"""Compares unfinished resources with Redis every half minute: what an event would have told, had it come.

So a status catches up after the operator, the API server or Redis was away, and a task that Redis lost is submitted
again.
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TERMINAL, Task, TaskId
from asynctaskflow_operator.rules.task_intent import REDRIVABLE, named_task
from asynctaskflow_operator.tasks.book import Entry
from asynctaskflow_operator.tasks.ground import TaskGround
from asynctaskflow_operator.tasks.intake import Intake
from asynctaskflow_operator.tasks.projector import Projector

EVERY_S = 30.0
LOOK_EVERY_S = 1.0
BATCH = 200

log = structlog.get_logger()


class Resync:
    """Looks at what is not finished; sooner for functions whose events were missed."""

    def __init__(self, ground: TaskGround, *, intake: Intake, projector: Projector) -> None:
        """Nothing is read before ``run``."""
        self._book = ground.book
        self._queue = ground.queue
        self._intake = intake
        self._projector = projector
        self._missed: set[str] = set()

    def missed(self, function: str) -> None:
        """Events of it are unknown: its tasks may even have been run again."""
        self._missed.add(function)

    async def run(self) -> None:
        """Until cancelled."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            looks += 1
            self._intake.wake_all()
            try:
                await self._look_at_missed()
                if looks * LOOK_EVERY_S >= EVERY_S:
                    await self.compare(entry for entry in self._book if not entry.over)
                    looks = 0
            except QueueUnavailable as error:
                log.warning("resync_postponed", error=str(error))

    async def _look_at_missed(self) -> None:
        for function in tuple(self._missed):
            mine = self._book.of_function(function)
            await self.compare(
                entry for entry in mine if not entry.over or entry.sight.state in REDRIVABLE
            )
            self._missed.discard(function)

    async def compare(self, entries: Iterable[Entry]) -> None:
        """Look these up, and have done what is to be done about those that differ.

        Raises:
            QueueUnavailable
        """
        named = [(entry, named_task(entry.sight)) for entry in entries if entry.verdict is None]
        wanted = [(entry, one) for entry, one in named if isinstance(one, TaskId)]
        for start in range(0, len(wanted), BATCH):
            part = wanted[start : start + BATCH]
            await self._compare_some(part)

    async def _compare_some(self, part: Sequence[tuple[Entry, TaskId]]) -> None:
        found = {task.id: task for task in await self._queue.tasks([one for _, one in part])}
        for entry, task_id in part:
            self._compare_one(entry, found.get(task_id))

    def _compare_one(self, entry: Entry, task: Task | None) -> None:
        seen = entry.sight
        if task is None:
            if not seen.ended:
                self._intake.look(seen.name)
            return
        entry.told = task.state
        if seen.cancelled and task.state not in TERMINAL:
            self._intake.look(seen.name)
        elif task.state is not seen.state or task.finished_ms != seen.finished_ms:
            self._projector.show(entry)
