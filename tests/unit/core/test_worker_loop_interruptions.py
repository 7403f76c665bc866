"""Handlers that are stopped: over their time, without their lease, or at the end of the worker."""

import asyncio
import json

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.messages import (
    Complete,
    Fail,
    HandBack,
)
from asynctaskflow_testkit.loop import LoopUnderTest, at_work, echo, handler, sleeps
from asynctaskflow_testkit.waiting import eventually


async def test_a_timeout_inside_a_handler_does_not_touch_its_neighbours():
    @handler
    async def limited(task, ctx):
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(task)
        except TimeoutError:
            return "limited"
        return "slept"

    worker = LoopUnderTest(limited, slots=1)
    uuids = worker.source.add(5, 0, 5, 0)

    async with at_work(worker):
        results = await worker.settled(*uuids)

    assert [json.loads(one.result) for one in results] == ["limited", "slept"] * 2


async def test_an_attempt_over_its_time_fails_as_timeout_and_the_slot_is_free_again():
    worker = LoopUnderTest(sleeps, slots=1, timeout_s=0.2)
    late, next_one = worker.source.add(60, 0)

    async with at_work(worker):
        failed, done = await worker.settled(late, next_one)

    assert isinstance(failed, Fail)
    assert failed.error_class == "timeout"
    assert isinstance(done, Complete)
    assert not worker.stopping.exit


async def test_a_handler_that_ignores_cancellation_loses_its_slot_and_recycles_the_worker():
    release = asyncio.Event()

    @handler
    async def stubborn(task, ctx):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    worker = LoopUnderTest(stubborn, timeout_s=0.1, unwind_s=0.2)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (failed,) = await worker.settled(uuid)
        await eventually(lambda: worker.stopping.asked, 2)
        release.set()

    assert failed.error_class == "timeout"
    assert worker.stopping.exit == 75
    assert worker.loop.abandoned == 1


async def test_a_result_that_comes_after_the_time_limit_is_not_taken():
    @handler
    async def late(task, ctx):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "too late"

    worker = LoopUnderTest(late, timeout_s=0.1)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (failed,) = await worker.settled(uuid)

    assert isinstance(failed, Fail)


async def test_an_interruption_leaves_no_trace_for_the_next_task_of_the_runner():
    @handler
    async def mixed(task, ctx):
        if task == "slow":
            await asyncio.sleep(60)
        raise asyncio.CancelledError

    worker = LoopUnderTest(mixed, slots=1, timeout_s=0.1)
    uuids = worker.source.add("slow", "cancels itself")

    async with at_work(worker):
        slow, cancelled = await worker.settled(*uuids)

    assert (slow.error_class, cancelled.error_class) == ("timeout", "cancelled_error")


async def test_a_lost_lease_stops_the_handler_and_writes_nothing():
    cancelled = asyncio.Event()

    @handler
    async def watched(task, ctx):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    worker = LoopUnderTest(watched)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await eventually(lambda: any(one.running for one in worker.running.snapshot()), 2)
        worker.loop.lease_lost(worker.running.snapshot()[0])
        await asyncio.wait_for(cancelled.wait(), 2)
        await eventually(lambda: len(worker.running) == 0, 2)

    assert uuid not in worker.source.settled


async def test_a_lease_that_cannot_be_renewed_stops_the_handler_before_it_ends():
    left_s: list[float] = []

    @handler
    async def watched(task, ctx):
        (execution,) = worker.running.snapshot()
        try:
            await asyncio.sleep(60)
        finally:
            left_s.append(execution.lease_until_s - SystemClock().mono_s())

    worker = LoopUnderTest(watched, lease_s=1.8)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await eventually(lambda: left_s, 10)
        await eventually(lambda: len(worker.running) == 0, 2)

    assert left_s[0] > 0
    assert uuid not in worker.source.settled


async def test_a_stop_hands_back_what_was_claimed_and_not_started():
    worker = LoopUnderTest(sleeps, slots=1)
    running, waiting = worker.source.add(0.2, 0)
    worker.stopping.grace_s = 5

    async with at_work(worker):
        await eventually(lambda: running in worker.source.leases, 2)
        worker.stopping.ask("test")
        (done,) = await worker.settled(running)

    assert isinstance(done, Complete)
    assert [task.id.uuid for task in worker.source.queued] == [waiting]


async def test_the_end_of_the_grace_period_hands_back_what_still_runs():
    worker = LoopUnderTest(sleeps)
    (uuid,) = worker.source.add(60)
    worker.stopping.grace_s = 0.1

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.stopping.ask("test")
        (back,) = await worker.settled(uuid)

    assert isinstance(back, HandBack)
    assert back.delay_ms == 0


async def test_a_claim_whose_answer_was_lost_is_asked_for_again_before_the_end():
    worker = LoopUnderTest(echo)
    (uuid,) = worker.source.add(1)
    worker.source.failing = QueueUnavailable("the answer is lost")

    async with at_work(worker):
        await eventually(lambda: worker.source.failed_turns > 0, 2)
        worker.stopping.ask("test")
        worker.source.failing = None
        (back,) = await worker.settled(uuid)

    assert isinstance(back, HandBack)


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError(), asyncio.CancelledError()])
async def test_nothing_that_a_handler_raises_ends_the_worker(error):
    @handler
    async def raises(task, ctx):
        if task == "bad":
            raise error
        return task

    worker = LoopUnderTest(raises, slots=1)
    bad, good = worker.source.add("bad", "good")

    async with at_work(worker):
        failed, done = await worker.settled(bad, good)

    assert isinstance(failed, Fail)
    assert isinstance(done, Complete)
