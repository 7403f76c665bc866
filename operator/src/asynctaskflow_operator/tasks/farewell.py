"""Cancels the tasks of resources that were deleted before their end; without a finalizer, and until Redis has heard."""

from contextlib import suppress

from asynctaskflow.clock import Clock
from asynctaskflow.errors import InvalidTransition, TaskNotFound
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_operator.tasks.rounds import Rounds

REASON = "Task deleted"


class Farewell:
    """Tasks to cancel, by id; what is forgotten here, as its operator dies, the next one finds (``strays``)."""

    def __init__(self, queue: RedisQueue, clock: Clock) -> None:
        """Nothing is sent before ``run``."""
        self._queue = queue
        self._rounds = Rounds(self._send, what="deleted task", clock=clock)

    def cancel(self, task_id: str) -> None:
        """Cancel it, if it has not ended."""
        self._rounds.put(task_id)

    async def run(self) -> None:
        """Until cancelled."""
        await self._rounds.run()

    async def _send(self, task_id: str) -> None:
        with suppress(TaskNotFound, InvalidTransition, ValueError):
            await self._queue.cancel(TaskId.parse(task_id), reason=REASON)
