"""A queue and its workers over a test server, with the small moves that queue tests repeat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.store.connection import (
    AsyncRedis,
    RedisOptions,
    SyncRedis,
    open_async,
    open_sync,
)
from asynctaskflow.taskqueue.keeper import RedisLeaseKeeper
from asynctaskflow.taskqueue.messages import Claimed, Complete, Fail, NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.work_source import RedisWorkSource

FUNCTION = "echo"
LEASE_MS = 60_000


@dataclass(frozen=True, slots=True)
class QueueUnderTest:
    """A queue with its clients; tests may look behind it through ``client``."""

    queue: RedisQueue
    client: AsyncRedis
    blocking: AsyncRedis
    sync: SyncRedis
    numbers: "count[int]"

    async def register(self) -> None:
        """Make the function known, as what acts on a function and not on its tasks needs it."""
        await self.queue.register(FUNCTION, FunctionSpec(handler="m:f"))

    def worker(
        self, *, function: str = FUNCTION, lease_ms: int = LEASE_MS, roll: float = 0.0
    ) -> RedisWorkSource:
        """A worker's view of the queue, with an id of its own."""
        return RedisWorkSource(
            self.client,
            blocking=self.blocking,
            function=function,
            worker_id=f"worker-{next(self.numbers)}",
            lease_ms=lease_ms,
            roll=lambda: roll,
        )

    def keeper(self, worker_id: str, *, lease_ms: int = LEASE_MS) -> RedisLeaseKeeper:
        """A lease keeper for a worker."""
        return RedisLeaseKeeper(
            self.sync, function=FUNCTION, worker_id=worker_id, lease_ms=lease_ms
        )

    async def enqueue(self, number: int = 1, *, delay_s: float = 0.0) -> list[TaskId]:
        """Store that many tasks of the function ``echo``."""
        new = [NewTask(FUNCTION, b'{"n":%d}' % n, delay_s=delay_s) for n in range(number)]
        answers = await self.queue.enqueue_many(new)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer.id for answer in answers if not isinstance(answer, Exception)]

    async def claim(self, number: int = 1, *, lease_ms: int = LEASE_MS) -> list[Claimed]:
        """Claim with a worker of its own."""
        turn = await self.worker(lease_ms=lease_ms).turn([], free_slots=number)
        return list(turn.batch.tasks)

    async def claim_one(self, *, lease_ms: int = LEASE_MS) -> Claimed:
        """Claim the next task, which must be there."""
        (task,) = await self.claim(1, lease_ms=lease_ms)
        return task

    async def complete(self, task: Claimed, result: bytes = b'"done"') -> bool:
        """Settle with a result; whether it was accepted."""
        turn = await self.worker().turn([Complete(task.id, task.lease, result)], free_slots=0)
        return turn.accepted[0]

    async def fail(
        self,
        task: Claimed,
        to: TaskState = TaskState.DLQ,
        *,
        delay_ms: int = 0,
        name: str = "boom",
        message: str = "",
    ) -> bool:
        """Settle without a result; whether it was accepted."""
        said = message or f"{name} happened"
        settlement = Fail(task.id, task.lease, to, name, said, delay_ms)  # type: ignore[arg-type]
        turn = await self.worker().turn([settlement], free_slots=0)
        return turn.accepted[0]

    async def state(self, task_id: TaskId) -> TaskState:
        """The task's stored state."""
        return (await self.queue.get(task_id)).state


@asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[QueueUnderTest]:
    """A queue over the server at ``url``; closes its clients."""
    options = RedisOptions(url)
    client, blocking, sync = (
        open_async(options),
        open_async(options, blocking=True),
        open_sync(options),
    )
    try:
        yield QueueUnderTest(
            RedisQueue(client, blocking=blocking), client, blocking, sync, count(1)
        )
    finally:
        await client.aclose()
        await blocking.aclose()
        sync.close()
