"""Requests that wait for a task's end: the event lets them go, and so does the end of the process."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow_api.streams.hub import Hub
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

WITHIN_S = 5.0


@pytest.fixture
async def hub(q: QueueUnderTest) -> AsyncIterator[Hub]:
    await q.queue.register(FUNCTION, FunctionSpec(handler="m:f"))
    hub = Hub(q.queue, SystemClock())
    reader = asyncio.create_task(hub.run())
    yield hub
    reader.cancel()
    await asyncio.wait([reader])


async def test_the_end_of_the_task_lets_go_all_who_wait_for_it(q: QueueUnderTest, hub: Hub) -> None:
    (task_id,) = await q.enqueue()
    async with (
        hub.awaiting(task_id, within_s=WITHIN_S) as first,
        hub.awaiting(task_id, within_s=WITHIN_S) as second,
    ):
        await q.complete(await q.claim_one())
        events = await asyncio.wait_for(asyncio.gather(first, second), WITHIN_S)

    assert [event and event.new for event in events] == [str(TaskState.COMPLETED)] * 2


async def test_a_process_that_stops_lets_go_those_who_wait_and_those_who_come(
    q: QueueUnderTest, hub: Hub
) -> None:
    (task_id,) = await q.enqueue()
    async with hub.awaiting(task_id, within_s=WITHIN_S) as before:
        hub.close()
        assert await asyncio.wait_for(before, WITHIN_S) is None
    async with hub.awaiting(task_id, within_s=WITHIN_S) as after:
        assert await asyncio.wait_for(after, WITHIN_S) is None
