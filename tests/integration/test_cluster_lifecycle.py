"""The whole life of tasks on a Redis Cluster of three primaries: nothing in the engine needs one single Redis."""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow.errors import IdempotencyConflict
from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow.store.connection import probe
from asynctaskflow.taskqueue.messages import Accepted, Complete, HandBack, NewTask, TaskFilter
from asynctaskflow_testkit.cluster import RedisCluster
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.waiting import eventually

MANY = [f"many-{number}" for number in range(12)]


@pytest.fixture
async def q(cluster_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(cluster_url) as opened:
        yield opened


async def test_the_probe_knows_a_cluster(q: QueueUnderTest) -> None:
    assert (await probe(q.client)).cluster


async def test_a_task_completes(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    claimed = await q.claim_one()
    assert await q.complete(claimed, b'"done"')
    assert await q.state(task_id) == TaskState.COMPLETED
    assert await q.queue.result(task_id) == b'"done"'


async def test_one_bulk_reaches_functions_on_every_primary(
    q: QueueUnderTest, cluster: RedisCluster
) -> None:
    answers = await q.queue.enqueue_many([NewTask(MANY[n % 12], b"%d" % n) for n in range(240)])
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len({cluster.primary_of(keys.events(name)).port for name in MANY}) == 3
    depths = await q.queue.all_depths(MANY)
    assert [one.primary for one in depths] == [20] * 12


async def test_a_failed_task_is_retried_then_dead_lettered_then_redriven(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    assert await q.fail(await q.claim_one(), TaskState.SCHEDULED, delay_ms=1)
    claimed = await eventually(lambda: q.claim(1), 2)
    assert claimed[0].failures == 1
    assert await q.fail(claimed[0], TaskState.DLQ)
    assert await q.queue.error_classes(FUNCTION, TaskState.DLQ) == {"boom": 1}
    await q.queue.redrive(task_id)
    assert await q.complete(await q.claim_one())
    assert await q.state(task_id) == TaskState.COMPLETED


async def test_a_lost_lease_is_reaped_and_the_zombie_refused(q: QueueUnderTest) -> None:
    await q.enqueue()
    zombie = await q.claim_one(lease_ms=1)
    assert await eventually(lambda: q.queue.reap(FUNCTION, max_deliveries=3), 2) == 1
    heir = await q.claim_one()
    assert not await q.complete(zombie, b'"stale"')
    assert await q.complete(heir, b'"fresh"')
    assert await q.queue.result(heir.id) == b'"fresh"'


async def test_renewing_keeps_a_lease_and_shows_the_worker(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    keeper = q.keeper("keeper-1")
    assert keeper.renew({"slots": 4}, [(claimed.id.uuid, claimed.lease)]) == set()
    assert [worker.slots for worker in await q.queue.workers(FUNCTION)] == [4]


async def test_cancel_delete_hand_back_and_pause_work(q: QueueUnderTest) -> None:
    cancelled, deleted, kept = await q.enqueue(3)
    assert await q.queue.cancel(cancelled) == TaskState.PENDING
    assert await q.queue.delete(deleted) == TaskState.PENDING
    await q.register()
    await q.queue.pause(FUNCTION)
    assert await q.claim(3) == []
    await q.queue.resume(FUNCTION)
    claimed = await q.claim_one()
    assert claimed.id == kept
    settlement = HandBack(claimed.id, claimed.lease, "draining")
    assert (await q.worker().turn([settlement], free_slots=0)).accepted == (True,)
    assert (await q.claim_one()).attempt == 1


async def test_a_delayed_task_waits_for_its_time(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue(delay_s=0.2)
    assert await q.claim(1) == []
    assert (await eventually(lambda: q.claim(1), 3))[0].id == task_id


async def test_an_idempotency_key_gives_the_same_task(q: QueueUnderTest) -> None:
    first = await q.queue.enqueue(NewTask(FUNCTION, b"1", idempotency_key="k"))
    again = await q.queue.enqueue(NewTask(FUNCTION, b"1", idempotency_key="k"))
    assert (again.id, again.created) == (first.id, False)
    with pytest.raises(IdempotencyConflict):
        await q.queue.enqueue(NewTask(FUNCTION, b"2", idempotency_key="k"))


async def test_listing_counting_and_purging_work(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    for task in await q.claim(5):
        await q.complete(task)
    where = TaskFilter(FUNCTION, TaskState.COMPLETED)
    assert await q.queue.count(where) == 5
    page = await q.queue.list_tasks(where, limit=3)
    rest = await q.queue.list_tasks(where, limit=3, cursor=page.cursor)
    assert len({task.id for task in (*page.tasks, *rest.tasks)}) == 5
    assert await q.queue.purge(FUNCTION, ttl_ms={TaskState.COMPLETED: 0}, keep={}) == 5
    assert await q.queue.count(where) == 0


async def test_what_ended_is_counted_on_every_primary(q: QueueUnderTest) -> None:
    await q.queue.enqueue_many([NewTask(name) for name in MANY])
    for name in MANY:
        worker = q.worker(function=name)
        (task,) = (await worker.turn([], free_slots=1)).batch.tasks
        await worker.turn([Complete(task.id, task.lease, b"1")], free_slots=0)

    for minutes in (15, 1440):
        found = await q.queue.ended(MANY, minutes=minutes)
        assert sum(found.counts[TaskState.COMPLETED]) == len(MANY)
    while await q.queue.erase(MANY[0]):
        pass
    assert [key async for key in q.client.scan_iter(match=f"*{{{MANY[0]}}}*")] == []


async def test_events_of_several_functions_are_read_together(q: QueueUnderTest) -> None:
    await q.queue.enqueue_many([NewTask(name) for name in MANY])
    after = dict.fromkeys(MANY, "0-0")
    seen: set[str] = set()

    async def has_seen_all() -> bool:
        for event in await q.queue.events(after, block_ms=200, limit=100):
            seen.add(event.function)
            after[event.function] = event.stream_id
        return seen == set(MANY)

    assert await eventually(has_seen_all, 10)


async def test_what_happened_lately_is_read_from_every_primary(q: QueueUnderTest) -> None:
    await q.queue.enqueue_many([NewTask(MANY[n % 12]) for n in range(36)])

    first = await q.queue.recent_events(MANY, limit=20)
    rest = await q.queue.recent_events(MANY, limit=20, before=first.cursor)

    assert len({one.id for one in (*first.events, *rest.events)}) == 36
    assert rest.cursor == ""


async def test_an_idle_worker_is_woken_by_a_new_task(q: QueueUnderTest) -> None:
    worker = q.worker()
    assert (await worker.turn([], free_slots=1)).batch.tasks == ()
    await q.enqueue()
    assert await worker.wait_for_work(timeout_s=2)


async def test_functions_are_registered_for_all_primaries(q: QueueUnderTest) -> None:
    for name in MANY:
        await q.queue.register(name, FunctionSpec(handler="module:function"))
    assert await q.queue.functions() == sorted(MANY)
    assert (await q.queue.spec(MANY[0])).handler == "module:function"
