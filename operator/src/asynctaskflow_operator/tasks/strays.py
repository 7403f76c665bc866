"""Cancels tasks whose resource was deleted while no operator ran: no watch tells of what was gone before it began."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import structlog

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import KubeError
from asynctaskflow_operator.rules.visibility import is_from_rest
from asynctaskflow_operator.tasks.farewell import Farewell
from asynctaskflow_operator.tasks.ground import TaskGround

EVERY_S = 5.0
PAGE = 1000
RECORDS = 200
UNFINISHED = (TaskState.PENDING, TaskState.SCHEDULED, TaskState.ACTIVE)

log = structlog.get_logger()


class Strays:
    """Looks once at each Function that has become known."""

    def __init__(self, ground: TaskGround, *, farewell: Farewell) -> None:
        """Nothing is read before ``run``."""
        self._book = ground.book
        self._kube = ground.kube
        self._queue = ground.queue
        self._farewell = farewell
        self._unseen: set[str] = set()

    def look_at(self, function: str) -> None:
        """Look at its tasks, soon."""
        self._unseen.add(function)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            functions = sorted(self._unseen)
            try:
                await self._look(functions)
            except (QueueUnavailable, KubeError) as error:
                log.warning("strays_unreadable", error=str(error))
                continue
            self._unseen.difference_update(functions)

    async def _look(self, functions: list[str]) -> None:
        """Redis first: a resource that is not there after its task was read has been deleted."""
        stirring = await self._queue.stirring(functions)
        applied = [one for name in sorted(stirring) async for one in self._applied(name)]
        if not applied:
            return
        live = {one["metadata"]["uid"] for one in await self._kube.list(Kind.TASK)}
        for task in applied:
            if task.id.uuid not in live:
                log.info("resource_was_deleted", task=str(task.id), resource=task.resource)
                self._farewell.cancel(str(task.id))

    async def _applied(self, function: str) -> AsyncIterator[Task]:
        """Unfinished tasks that were submitted by a resource which the watch has not shown.

        Not those that were run again: a resource is deleted some time after its task's end, and need not come back.
        """
        for state in UNFINISHED:
            async for ids in self._unknown(TaskFilter(function, state)):
                for task in await self._queue.tasks(ids):
                    if task.resource and not task.redrives:
                        yield task

    async def _unknown(self, where: TaskFilter) -> AsyncIterator[Sequence[TaskId]]:
        """Ids in parts; most tasks came over REST, as their ids tell without a look at their records."""
        first = 0
        while entries := await self._queue.entries(where, first=first, limit=PAGE):
            first += len(entries)
            ids = [TaskId(where.function, uuid) for uuid, _ in entries if not is_from_rest(uuid)]
            unknown = [one for one in ids if not self._book.of_task(str(one))]
            for start in range(0, len(unknown), RECORDS):
                yield unknown[start : start + RECORDS]
