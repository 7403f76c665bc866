"""An idle worker's claim waits with the queue: what the loop does when it is answered, broken off or withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.messages import ClaimBatch, Complete, HandBack
from asynctaskflow_testkit.loop import LoopUnderTest, at_work, echo, sleeps
from asynctaskflow_testkit.memory_source import MemorySource
from asynctaskflow_testkit.waiting import eventually


class MemoryClaims:
    """Waiting claims over a source in memory; ``failing`` breaks them off."""

    def __init__(self, source: MemorySource) -> None:
        self._source = source
        self.waiting = 0
        self.answered = 0
        self.recalled = 0
        self.deaf = False
        self.untold = False
        self.failing: Exception | None = None

    async def claim_next(self, *, timeout_s: float) -> ClaimBatch:
        self.waiting += 1
        try:
            while self.deaf or not self._source.queued:
                if self.failing is not None:
                    raise self.failing
                await asyncio.sleep(0)
        finally:
            self.waiting -= 1
        self.answered += 1
        return self._take()

    async def recall(self) -> ClaimBatch:
        self.recalled += 1
        if self.untold:
            raise QueueUnavailable("away for a moment")
        return self._take()

    def _take(self) -> ClaimBatch:
        return ClaimBatch(tuple(self._source._claim(1, take_suspect=True)))


@asynccontextmanager
async def idle(worker: LoopUnderTest) -> AsyncIterator[MemoryClaims]:
    claims = MemoryClaims(worker.source)
    worker.loop._idle_claims = claims
    async with at_work(worker):
        await eventually(lambda: claims.waiting == 1, 5)
        yield claims


async def test_an_idle_worker_runs_the_task_that_its_waiting_claim_brings() -> None:
    worker = LoopUnderTest(echo)
    async with idle(worker) as claims:
        (uuid,) = worker.source.add("hello")
        (settled,) = await worker.settled(uuid)

        assert isinstance(settled, Complete)
        assert settled.result == b'"hello"'
        assert claims.answered == 1


async def test_what_came_together_with_the_task_is_asked_for_while_it_runs() -> None:
    worker = LoopUnderTest(sleeps, slots=4)
    async with idle(worker) as claims:
        worker.source.add(60, 60, 60)
        await eventually(lambda: len(worker.running) == 3, 5)

        assert claims.answered == 1


async def test_a_busy_worker_waits_for_the_wake_up_alone() -> None:
    worker = LoopUnderTest(sleeps)
    async with idle(worker) as claims:
        worker.source.add(60)
        await eventually(lambda: worker.source.waiting == 1, 5)

        assert claims.waiting == 0


async def test_a_claim_that_waits_longer_than_a_look_stays_where_it_is() -> None:
    worker = LoopUnderTest(echo)
    async with idle(worker) as claims:
        asked = len(worker.source.turns)
        for _ in range(5):
            worker.loop.wake()
            await asyncio.sleep(0)

        assert claims.waiting == 1
        assert len(worker.source.turns) == asked


async def test_a_stop_withdraws_the_claim_and_returns_what_it_had_taken_unstarted() -> None:
    worker = LoopUnderTest(echo)
    async with idle(worker) as claims:
        claims.deaf = True
        (uuid,) = worker.source.add("too late")
        worker.stopping.ask("test")
        (settled,) = await worker.settled(uuid)

        assert isinstance(settled, HandBack)
        assert claims.recalled == 1
        assert claims.waiting == 0


async def test_a_stop_asks_again_what_redis_could_not_tell_about_the_claim() -> None:
    worker = LoopUnderTest(echo)
    async with idle(worker) as claims:
        claims.deaf = claims.untold = True
        (uuid,) = worker.source.add("too late")
        worker.stopping.ask("test")
        (settled,) = await worker.settled(uuid)

        assert isinstance(settled, HandBack)


async def test_a_stop_without_redis_ends_all_the_same() -> None:
    worker = LoopUnderTest(echo, unwind_s=0.01)
    async with idle(worker) as claims:
        claims.failing = worker.source.failing = QueueUnavailable("away")
        worker.stopping.ask("test")
        worker.stopping.ask("now")


async def test_a_claim_that_is_broken_off_is_asked_about_at_once() -> None:
    worker = LoopUnderTest(echo)
    async with idle(worker) as claims:
        claims.deaf, claims.failing = True, QueueUnavailable("away")
        (uuid,) = worker.source.add("hello")
        (settled,) = await worker.settled(uuid)

        assert isinstance(settled, Complete)
        assert claims.answered == 0


async def test_the_lease_of_a_task_counts_from_the_beginning_of_the_wait() -> None:
    worker = LoopUnderTest(sleeps, lease_s=60)
    async with idle(worker):
        before_s = worker._clock.mono_s()
        worker.source.add(60)
        await eventually(lambda: len(worker.running) == 1, 5)
        (execution,) = worker.running.snapshot()

        assert execution.lease_until_s <= before_s + 60
