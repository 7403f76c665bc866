"""A claim that waits where the queue is: one task with the wake-up, nothing lost, nothing for those who have gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

LONG_S = 20.0


@pytest.fixture
async def proxy(server: RedisServer) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(server.port) as opened:
        yield opened


async def blocked(q: QueueUnderTest) -> int:
    return int((await q.client.info("clients"))["blocked_clients"])


async def waiting(q: QueueUnderTest, number: int) -> None:
    async def all_there() -> bool:
        return await blocked(q) == number

    await eventually(all_there, within_s=5)


async def test_a_waiting_claim_brings_the_task_that_is_enqueued_later(q: QueueUnderTest) -> None:
    claim = asyncio.create_task(q.worker().claim_next(timeout_s=LONG_S))
    await waiting(q, 1)
    (task_id,) = await q.enqueue()
    (task,) = (await claim).tasks

    assert task.id == task_id
    assert task.input == b'{"n":0}'
    assert await q.state(task_id) == TaskState.ACTIVE
    assert await q.complete(task)


async def test_a_waiting_claim_brings_a_task_that_was_there_before(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()

    assert [task.id for task in (await q.worker().claim_next(timeout_s=LONG_S)).tasks] == [task_id]


async def test_a_waiting_claim_ends_with_its_time_and_looks_at_the_queue_once_more(
    q: QueueUnderTest,
) -> None:
    worker = q.worker()
    assert (await worker.claim_next(timeout_s=0.05)).tasks == ()
    (task_id,) = await q.enqueue()
    assert await q.worker().wait_for_work(timeout_s=1)  # somebody has taken the marker and died

    assert [task.id for task in (await worker.claim_next(timeout_s=0.05)).tasks] == [task_id]


async def test_each_of_several_waiting_workers_gets_one_of_the_tasks_that_come_together(
    q: QueueUnderTest,
) -> None:
    claims = [asyncio.create_task(q.worker().claim_next(timeout_s=LONG_S)) for _ in range(3)]
    await waiting(q, 3)
    ids = await q.enqueue(3)
    batches = await asyncio.gather(*claims)

    assert all(len(batch.tasks) == 1 for batch in batches)
    assert {batch.tasks[0].id for batch in batches} == set(ids)


async def test_a_withdrawn_claim_takes_nothing_and_the_wake_up_is_for_others(
    q: QueueUnderTest,
) -> None:
    worker = q.worker()
    claim = asyncio.create_task(worker.claim_next(timeout_s=LONG_S))
    await waiting(q, 1)
    claim.cancel()
    await asyncio.wait([claim])
    told = await worker.recall()
    (task_id,) = await q.enqueue()

    assert claim.cancelled()
    assert told.tasks == ()
    assert await q.worker().wait_for_work(timeout_s=1)
    assert await q.state(task_id) == TaskState.PENDING


@pytest.mark.parametrize("wait", ["claim_next", "wait_for_work"])
async def test_a_wait_that_is_given_up_is_over_for_redis_too_and_swallows_no_wake_up(
    q: QueueUnderTest, wait: str
) -> None:
    given_up = asyncio.create_task(getattr(q.worker(), wait)(timeout_s=LONG_S))
    await waiting(q, 1)
    given_up.cancel()
    await asyncio.wait([given_up])
    await waiting(q, 0)
    (task_id,) = await q.enqueue()

    assert await q.worker().wait_for_work(timeout_s=1)
    assert await q.state(task_id) == TaskState.PENDING


async def test_what_a_withdrawn_claim_had_taken_is_told(q: QueueUnderTest) -> None:
    await q.enqueue()
    worker = q.worker()
    nonce = worker._nonce
    taken = await worker.claim_next(timeout_s=LONG_S)
    worker._nonce = nonce  # as if the answer had not come

    assert taken.tasks
    assert (await worker.recall()).tasks == taken.tasks


async def test_a_recalled_claim_that_redis_reads_too_late_takes_nothing(q: QueueUnderTest) -> None:
    worker = q.worker()
    nonce = worker._nonce
    await worker.recall()
    (task_id,) = await q.enqueue()
    worker._nonce = nonce

    assert (await worker.claim_next(timeout_s=LONG_S)).tasks == ()
    assert await q.state(task_id) == TaskState.PENDING
    assert await q.worker().wait_for_work(timeout_s=1)


async def test_a_claim_older_than_the_last_one_of_its_worker_takes_nothing(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(2)
    worker = q.worker()
    old = worker._nonce
    worker._nonce = worker._next_nonce()
    assert (await worker.turn([], free_slots=1)).batch.tasks
    worker._nonce = old

    assert (await worker.claim_next(timeout_s=LONG_S)).tasks == ()
    assert (await q.queue.depths(FUNCTION)).states[TaskState.PENDING] == 1
    assert await q.worker().wait_for_work(timeout_s=1)


async def test_a_worker_whose_claims_found_nothing_still_gets_the_next_task(
    q: QueueUnderTest,
) -> None:
    worker = q.worker()
    await worker.turn([], free_slots=4)
    await worker.claim_next(timeout_s=0.01)
    await worker.recall()
    await q.enqueue(2)

    assert len((await worker.claim_next(timeout_s=LONG_S)).tasks) == 1
    assert len((await worker.turn([], free_slots=4)).batch.tasks) == 1


async def test_a_waiting_claim_takes_nothing_of_a_paused_function(q: QueueUnderTest) -> None:
    await q.register()
    claim = asyncio.create_task(q.worker().claim_next(timeout_s=LONG_S))
    await waiting(q, 1)
    await q.queue.pause(FUNCTION)
    (task_id,) = await q.enqueue()
    batch = await claim

    assert batch.paused
    assert batch.tasks == ()
    await q.queue.resume(FUNCTION)
    assert [task.id for task in (await q.worker().claim_next(timeout_s=LONG_S)).tasks] == [task_id]


async def test_a_waiting_claim_gives_the_scripts_to_a_server_that_has_lost_them(
    q: QueueUnderTest,
) -> None:
    worker = q.worker()
    await worker.claim_next(timeout_s=0.01)
    claim = asyncio.create_task(worker.claim_next(timeout_s=LONG_S))
    await waiting(q, 1)
    await q.client.script_flush()
    (task_id,) = await q.enqueue()

    assert [task.id for task in (await claim).tasks] == [task_id]


async def test_a_task_whose_answer_was_lost_on_the_way_comes_with_the_next_claim(
    proxy: FaultProxy,
) -> None:
    async with open_queue(proxy.url) as q:
        worker = q.worker()
        await worker.claim_next(timeout_s=0.01)
        (task_id,) = await q.enqueue()
        await proxy.set_mode(Mode.DROP_REPLY_ONCE)
        with pytest.raises(QueueUnavailable):
            await worker.claim_next(timeout_s=LONG_S)

        assert proxy.dropped == 1
        again = (await worker.turn([], free_slots=4)).batch.tasks
        assert [task.id for task in again] == [task_id]
        assert again[0].deliveries == 1
