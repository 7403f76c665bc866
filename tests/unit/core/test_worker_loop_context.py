"""What a handler gets and does through its context, in a coroutine or in a thread."""

import asyncio
import threading
from typing import Any

from asynctaskflow import Context, SyncContext
from asynctaskflow_testkit.loop import LoopUnderTest, at_work, handler
from asynctaskflow_testkit.waiting import eventually


async def test_sync_handlers_run_side_by_side_in_threads():
    everybody = threading.Barrier(6)

    @handler
    def meets(task, ctx: SyncContext):
        everybody.wait(5)
        return "met"

    worker = LoopUnderTest(meets, slots=6)
    uuids = worker.source.add(*range(6))

    async with at_work(worker):
        results = await worker.settled(*uuids, within_s=10)

    assert [one.result for one in results] == [b'"met"'] * 6


async def test_the_last_progress_is_stored_before_the_result():
    @handler
    async def reports(task, ctx: Context):
        for step in range(100):
            await ctx.progress(step / 100, f"step {step}")
        await ctx.progress(2.0, "all")

    worker = LoopUnderTest(reports)
    worker.source.report_delay_s = 0.05
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await worker.settled(uuid)

        assert worker.source.reports == [(1.0, "all")]


async def test_progress_that_comes_too_late_stops_the_handler():
    @handler
    async def reports(task, ctx: Context):
        while True:
            await ctx.progress(0.5)
            await asyncio.sleep(0.01)

    worker = LoopUnderTest(reports)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await eventually(lambda: worker.source.reports, 2)
        worker.source.leases[uuid] = "of another worker"
        await eventually(lambda: len(worker.running) == 0, 2)


async def test_a_context_knows_its_task_and_its_time():
    facts: dict[str, Any] = {}

    @handler
    async def asks(task, ctx: Context):
        facts.update(id=ctx.task_id, attempt=ctx.attempt, left=ctx.remaining_s())
        facts["cancelled"] = ctx.cancelled

    worker = LoopUnderTest(asks, timeout_s=60)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await worker.settled(uuid)

    assert facts["id"] == f"f-{uuid}"
    assert (facts["attempt"], facts["cancelled"]) == (1, False)
    assert 59 < facts["left"] <= 60


async def test_an_undeclared_dependency_is_a_permanent_error():
    @handler
    async def asks(task, ctx: Context):
        ctx.dependency("unknown")

    worker = LoopUnderTest(asks)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (dead,) = await worker.settled(uuid)

    assert dead.error_class == "undeclared_dependency"
