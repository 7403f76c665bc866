"""How the loop takes and settles tasks: batches, slots, waking up, pausing, the last chance."""

import asyncio
import contextvars

from asynctaskflow import NotNow
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.messages import (
    Complete,
    HandBack,
)
from asynctaskflow_testkit.loop import LoopUnderTest, at_work, echo, handler, sleeps
from asynctaskflow_testkit.waiting import eventually


async def test_a_batch_that_never_waits_needs_two_round_trips():
    worker = LoopUnderTest(echo, slots=4)
    uuids = worker.source.add(*range(4))

    async with at_work(worker):
        results = await worker.settled(*uuids)

    assert [one.result for one in results] == [b"0", b"1", b"2", b"3"]
    assert worker.source.turns[:2] == [(0, 4), (4, 4)]


async def test_waiting_handlers_run_at_once_up_to_the_slots():
    worker = LoopUnderTest(sleeps, slots=8)
    uuids = worker.source.add(*[0.2] * 8)

    async with at_work(worker):
        await eventually(lambda: len(worker.running) == 8, 2)
        await worker.settled(*uuids)


async def test_a_slow_task_does_not_hold_up_the_results_of_others():
    worker = LoopUnderTest(sleeps, slots=2)
    slow, quick = worker.source.add(60, 0)

    async with at_work(worker):
        await worker.settled(quick)

        assert slow in worker.source.leases


async def test_new_work_wakes_an_idle_worker():
    worker = LoopUnderTest(echo, safety_tick_s=60)

    async with at_work(worker):
        await eventually(lambda: worker.source.waiting, 2)
        (uuid,) = worker.source.add(1)
        await worker.settled(uuid)


async def test_context_variables_of_one_task_are_not_seen_by_the_next():
    seen = []
    tenant = contextvars.ContextVar("tenant", default="nobody")

    @handler
    async def leaks(task, ctx):
        seen.append(tenant.get())
        tenant.set(task)

    worker = LoopUnderTest(leaks, slots=4)
    uuids = worker.source.add("a", "b", "c", "d")

    async with at_work(worker):
        await worker.settled(*uuids)

    assert seen == ["nobody"] * 4


async def test_a_worker_without_room_does_not_take_the_wake_up_of_another():
    worker = LoopUnderTest(sleeps, slots=2)
    worker.source.add(60)

    async with at_work(worker):
        await eventually(lambda: worker.source.waiting == 1, 2)
        worker.source.add(60)
        await eventually(lambda: len(worker.running) == 2, 2)
        await eventually(lambda: worker.source.waiting == 0, 2)


async def test_a_settlement_refused_for_its_lease_is_counted():
    worker = LoopUnderTest(sleeps)
    (uuid,) = worker.source.add(0.2)

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.source.leases[uuid] = "of another worker"
        await eventually(lambda: worker.tally.stale_writes == 1, 2)

    assert worker.source.settled == {}


async def test_results_wait_for_a_redis_that_is_away():
    worker = LoopUnderTest(sleeps)
    (uuid,) = worker.source.add(0.1)

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.source.failing = QueueUnavailable("away")
        await eventually(lambda: not worker.link.up, 2)
        worker.source.failing = None
        (done,) = await worker.settled(uuid)

        assert isinstance(done, Complete)
        assert worker.link.up


async def test_one_damaged_task_does_not_keep_the_others_from_being_settled():
    worker = LoopUnderTest(sleeps, slots=3)
    uuids = worker.source.add(0.1, 0.1, 0.1)
    worker.source.refused.add(uuids[1])

    async with at_work(worker):
        await worker.settled(uuids[0], uuids[2])
        (after,) = worker.source.add(0)
        await worker.settled(after)

    assert uuids[1] not in worker.source.settled


async def test_not_now_pauses_claims():
    @handler
    async def refuses(task, ctx):
        raise NotNow("away", reason="breaker_open", delay_s=60)

    worker = LoopUnderTest(refuses, slots=1)
    first, second = worker.source.add(1, 2)

    async with at_work(worker):
        (back,) = await worker.settled(first)
        worker.loop.wake()
        await eventually(lambda: not worker.loop._news.is_set(), 2)

        assert back == HandBack(back.id, back.lease, "breaker_open", 60_000)
        assert [task.id.uuid for task in worker.source.queued] == [second]


async def test_tasks_on_their_last_chance_run_one_after_the_other():
    beside: list[int] = []

    @handler
    async def looks(task, ctx):
        worker.loop.wake()
        running = [one for one in worker.running.snapshot() if one.task.deliveries == 3]
        beside.append(len(running))
        await asyncio.sleep(0.05)

    worker = LoopUnderTest(looks, slots=4)
    uuids = worker.source.add(1, 2, 3, deliveries=3)

    async with at_work(worker):
        await worker.settled(*uuids)

    assert beside == [1, 1, 1]
