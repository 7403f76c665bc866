"""In-process load for tests of the queue itself: a submitter and consumers that write the ledger.

They do what the promises ask of a client: a call without an answer is repeated with the same task id, a
turn without an answer with the same settlements. Worker processes are in ``processes``.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from uuid_utils import uuid7

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TaskId
from asynctaskflow.store.connection import RedisOptions, open_async, open_sync
from asynctaskflow.taskqueue.keeper import RedisLeaseKeeper
from asynctaskflow.taskqueue.messages import Claimed, Complete, NewTask, Settlement
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow_testkit.ledger import Ledger, Ran

SLOTS = 8
RETRY_PAUSE_S = 0.02
HEARTBEATS_PER_LEASE = 4
EDGES: tuple[Literal["start", "end"], ...] = ("start", "end")


@dataclass(slots=True)
class Consumer:
    """Claims, "runs" and completes the tasks of one function until cancelled.

    Attributes:
        completed: settlements accepted.
        refused: settlements refused because the lease was lost.
        outages: turns that had to be repeated.
    """

    url: str
    function: str
    worker_id: str
    ledger: Ledger
    lease_ms: int = 2000
    max_deliveries: int = 3
    completed: int = 0
    refused: int = 0
    outages: int = 0
    _held: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled."""
        options = RedisOptions(self.url)
        client, blocking = open_async(options), open_async(options, blocking=True)
        source = RedisWorkSource(
            client,
            blocking=blocking,
            function=self.function,
            worker_id=self.worker_id,
            lease_ms=self.lease_ms,
            roll=lambda: 0.5,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat(options))
                group.create_task(self._work(source))
        finally:
            await client.aclose()
            await blocking.aclose()

    async def _work(self, source: RedisWorkSource) -> None:
        settlements: list[Settlement] = []
        this = asyncio.current_task()
        while this is not None and not this.cancelling():  # redis-py may swallow a cancellation
            try:
                turn = await source.turn(settlements, free_slots=SLOTS)
            except QueueUnavailable:
                self.outages += 1
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            for settlement, accepted in zip(settlements, turn.accepted, strict=True):
                self._held.pop(settlement.id.uuid, None)
                self.completed += accepted
                self.refused += not accepted
            settlements = [self._execute(task) for task in turn.batch.tasks]
            if not settlements:
                with suppress(QueueUnavailable):
                    await source.wait_for_work(timeout_s=0.2)

    def _execute(self, task: Claimed) -> Complete:
        self._held[task.id.uuid] = task.lease
        for edge in EDGES:
            self.ledger.write(
                Ran(time.monotonic(), str(task.id), task.attempt, self.worker_id, edge)
            )
        author = {"worker": self.worker_id, "attempt": task.attempt}
        return Complete(task.id, task.lease, json.dumps(author).encode())

    async def _beat(self, options: RedisOptions) -> None:
        """Renew and reap, as a worker's keeper thread does; the client is closed by the thread that uses it."""
        ended = threading.Event()
        try:
            await asyncio.to_thread(self._beat_in_thread, options, ended)
        finally:
            ended.set()

    def _beat_in_thread(self, options: RedisOptions, ended: threading.Event) -> None:
        sync = open_sync(options)
        keeper = RedisLeaseKeeper(
            sync, function=self.function, worker_id=self.worker_id, lease_ms=self.lease_ms
        )
        while not ended.wait(self.lease_ms / 1000 / HEARTBEATS_PER_LEASE):
            with suppress(QueueUnavailable):
                keeper.renew({"slots": SLOTS}, [*self._held.items()])
                keeper.reap(max_deliveries=self.max_deliveries)
        sync.close()


@asynccontextmanager
async def consuming(consumers: Sequence[Consumer]) -> AsyncIterator[None]:
    """The consumers run in the background; a defect in one fails the test."""
    tasks = [asyncio.create_task(consumer.run()) for consumer in consumers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


class Submitter:
    """Enqueues one task after the other; each is repeated with its id until it is accepted."""

    def __init__(self, queue: RedisQueue, ledger: Ledger) -> None:
        """Nothing is sent yet."""
        self._queue = queue
        self._ledger = ledger
        self.accepted: list[TaskId] = []
        self.longest_wait_s = 0.0

    async def submit(self, function: str, data: bytes = b"{}") -> TaskId:
        """One task, however long it takes."""
        new = NewTask(function, data, uuid=str(uuid7()))
        began = time.monotonic()
        while True:
            try:
                accepted = await self._queue.enqueue(new)
            except QueueUnavailable:
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            self._ledger.submitted(accepted.id)
            self.accepted.append(accepted.id)
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - began)
            return accepted.id

    async def submit_steadily(
        self, functions: Sequence[str], *, count: int, pause_s: float
    ) -> None:
        """``count`` tasks, in turn over the functions."""
        for number in range(count):
            await self.submit(functions[number % len(functions)])
            await asyncio.sleep(pause_s)
