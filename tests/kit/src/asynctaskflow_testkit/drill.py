"""What drills are made of: a queue, a ledger, and the moves between them; see ``drills``."""

import json
import time
from contextlib import suppress
from typing import Any, Literal

from redis import Redis

from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow.taskqueue.messages import Claimed, Complete, Fail, HandBack, NewTask
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow_testkit.invariants import Evidence, judge
from asynctaskflow_testkit.ledger import Ledger, Ran
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.snapshot import take_snapshot
from asynctaskflow_testkit.traffic import Consumer
from asynctaskflow_testkit.waiting import eventually

LEASE_MS = 300
MAX_DELIVERIES = 3
SOON_S = 3.0


class Drill:
    """A queue, a ledger, and the moves that drills are made of."""

    def __init__(
        self, url: str, *, under_test: QueueUnderTest, ledger: Ledger, admin: Redis
    ) -> None:
        """An empty queue."""
        self.url = url
        self.q = under_test
        self.queue = under_test.queue
        self.ledger = ledger
        self._admin = admin
        self.stale_rejected: int | None = None

    async def enqueue(self, count: int = 1, **fields: Any) -> list[str]:
        """Accepted tasks, in the ledger; their ids."""
        accepted = [await self.queue.enqueue(NewTask(FUNCTION, **fields)) for _ in range(count)]
        for one in accepted:
            self.ledger.submitted(one.id)
        return [str(one.id) for one in accepted]

    async def claim(self, worker: str, *, lease_ms: int = 60_000) -> Claimed:
        """The next task, which must come soon; its start is in the ledger."""
        source = RedisWorkSource(
            self.q.client,
            blocking=self.q.blocking,
            function=FUNCTION,
            worker_id=worker,
            lease_ms=lease_ms,
            roll=lambda: 0.0,
        )

        async def next_task() -> list[Claimed]:
            return list((await source.turn([], free_slots=1)).batch.tasks)

        (task,) = await eventually(next_task, SOON_S, what="a task to claim")
        self._ran(task, worker, "start")
        return task

    async def complete(self, task: Claimed, worker: str) -> bool:
        """Settle with a result that names its author; whether it was accepted."""
        self._ran(task, worker, "end")
        result = json.dumps({"worker": worker, "attempt": task.attempt}).encode()
        return await self.settle(Complete(task.id, task.lease, result))

    async def settle(self, settlement: Complete | Fail | HandBack) -> bool:
        """Send one settlement; whether it was accepted."""
        return (await self.q.worker().turn([settlement], free_slots=0)).accepted[0]

    async def reap(self) -> None:
        """Reap until an expired lease has been taken back."""
        await eventually(
            lambda: self.queue.reap(FUNCTION, max_deliveries=MAX_DELIVERIES),
            SOON_S,
            what="I1  a lost lease is taken back",
        )

    def consumer(self, worker: str) -> Consumer:
        """A working consumer with a short lease."""
        return Consumer(self.url, FUNCTION, worker, self.ledger, LEASE_MS, MAX_DELIVERIES)

    async def settled_by_others(self) -> None:
        """Give other consumers the chance to run what they should not get."""

        async def done() -> bool:
            return (await self.queue.depths(FUNCTION)).states[TaskState.COMPLETED] > 0

        with suppress(AssertionError):
            await eventually(done, 0.5)

    async def drained(self, function: str = FUNCTION, *, within_s: float = SOON_S) -> None:
        """Wait for the end of all tasks, but not for ever: what is left is the checker's business."""

        async def none_left() -> bool:
            states = (await self.queue.depths(function)).states
            return not any(states[state] for state in set(TaskState) - TERMINAL)

        with suppress(AssertionError):
            await eventually(none_left, within_s)

    def judge(self, function: str = FUNCTION) -> None:
        """Insist on the law book."""
        evidence = Evidence(
            list(self.ledger.entries()),
            take_snapshot(self._admin, function),
            max_deliveries=MAX_DELIVERIES,
            lease_ms=LEASE_MS,
            stale_rejected=self.stale_rejected,
        )
        judge(evidence).insist()

    def _ran(self, task: Claimed, worker: str, edge: Literal["start", "end"]) -> None:
        self.ledger.write(Ran(time.monotonic(), str(task.id), task.attempt, worker, edge))
