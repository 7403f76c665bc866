"""What a ``WorkSource`` promises to the worker's loop, kept by the one over Redis and the one in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

from asynctaskflow.errors import LeaseLost
from asynctaskflow.taskqueue.messages import Claimed, Complete
from asynctaskflow.taskqueue.protocol import WorkSource
from asynctaskflow_testkit.memory_source import MemorySource
from asynctaskflow_testkit.queues import open_queue
from asynctaskflow_testkit.servers import start_server


@dataclass(frozen=True, slots=True)
class Supply:
    """A source, and how tasks get into its queue."""

    source: WorkSource
    add: Callable[[int], Awaitable[list[str]]]

    async def claim(self, number: int) -> list[Claimed]:
        return list((await self.source.turn([], free_slots=number)).batch.tasks)


async def _redis(stack: AsyncExitStack) -> Supply:
    q = await stack.enter_async_context(open_queue(stack.enter_context(start_server()).url))

    async def add(number: int) -> list[str]:
        return [task_id.uuid for task_id in await q.enqueue(number)]

    return Supply(q.worker(), add)


async def _memory(stack: AsyncExitStack) -> Supply:
    source = MemorySource()

    async def add(number: int) -> list[str]:
        return source.add(*range(number))

    return Supply(source, add)


@pytest.fixture(params=[_redis, _memory], ids=["redis", "memory"])
async def supply(request: pytest.FixtureRequest) -> AsyncIterator[Supply]:
    async with AsyncExitStack() as stack:
        yield await request.param(stack)


async def test_tasks_come_in_order_up_to_the_free_slots(supply: Supply) -> None:
    uuids = await supply.add(3)

    first, second = await supply.claim(2), await supply.claim(2)

    assert [[task.id.uuid for task in batch] for batch in (first, second)] == [uuids[:2], uuids[2:]]
    assert await supply.claim(0) == []


async def test_each_claim_has_a_lease_of_its_own(supply: Supply) -> None:
    await supply.add(2)

    first, second = *await supply.claim(1), *await supply.claim(1)

    assert len({first.lease, second.lease, ""}) == 3


async def test_one_turn_settles_and_claims(supply: Supply) -> None:
    await supply.add(2)
    (task,) = await supply.claim(1)

    turn = await supply.source.turn([Complete(task.id, task.lease, b"1")], free_slots=5)

    assert turn.accepted == (True,)
    assert len(turn.batch.tasks) == 1


async def test_a_settlement_under_another_lease_is_refused_and_the_others_are_not(
    supply: Supply,
) -> None:
    await supply.add(2)
    lost, kept = await supply.claim(2)

    turn = await supply.source.turn(
        [Complete(lost.id, "another", b"1"), Complete(kept.id, kept.lease, b"1")], free_slots=0
    )

    assert turn.accepted == (False, True)


async def test_a_settlement_sent_again_is_accepted_and_one_under_another_lease_is_not(
    supply: Supply,
) -> None:
    await supply.add(1)
    (task,) = await supply.claim(1)
    done = Complete(task.id, task.lease, b"1")

    answers = [
        (await supply.source.turn([one], free_slots=0)).accepted
        for one in (done, done, replace(done, lease="another"))
    ]

    assert answers == [(True,), (True,), (False,)]


async def test_progress_needs_the_lease(supply: Supply) -> None:
    await supply.add(1)
    (task,) = await supply.claim(1)

    await supply.source.progress(task.id, task.lease, fraction=0.5, note="half")
    with pytest.raises(LeaseLost):
        await supply.source.progress(task.id, "another", fraction=0.5, note="half")


async def test_waiting_ends_with_a_task_or_with_the_time(supply: Supply) -> None:
    assert not await supply.source.wait_for_work(timeout_s=0.05)

    waiting = supply.source.wait_for_work(timeout_s=10)
    await supply.add(1)

    assert await waiting
