"""Leases: renewed, expired, lost, and the workers that hold them."""

from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


async def test_an_expired_lease_is_reclaimed_once_and_its_holder_is_refused(
    q: QueueUnderTest,
) -> None:
    await q.enqueue()
    stale = await q.claim_one(lease_ms=1)

    async def reaped() -> bool:
        return await q.queue.reap(FUNCTION, max_deliveries=3) == 1

    await eventually(reaped, within_s=3)
    assert await q.queue.reap(FUNCTION, max_deliveries=3) == 0
    fresh = await q.claim_one()
    assert fresh.attempt == 2
    assert not await q.complete(stale, b'"stale"')
    assert await q.complete(fresh, b'"fresh"')
    assert await q.queue.result(fresh.id) == b'"fresh"'


async def test_a_task_that_loses_max_deliveries_workers_is_dead_lettered(
    q: QueueUnderTest,
) -> None:
    (task_id,) = await q.enqueue()
    deaths = 0
    while await q.state(task_id) != TaskState.DLQ:
        await q.claim_one(lease_ms=1)
        deaths += 1

        async def reaped() -> bool:
            return await q.queue.reap(FUNCTION, max_deliveries=3) == 1

        await eventually(reaped, within_s=3)

    task = await q.queue.get(task_id)
    assert deaths == 3
    assert task.error_class == "worker_lost"


async def test_renewal_keeps_a_lease_and_names_the_lost_ones(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    kept, cancelled = await q.claim(2, lease_ms=500)
    await q.queue.cancel(cancelled.id)
    keeper = q.keeper("worker-1")
    pairs = [(task.id.uuid, task.lease) for task in (kept, cancelled)]

    lost = keeper.renew({"state": "running", "slots": 2}, pairs)

    assert lost == {cancelled.id.uuid}
    assert (await q.queue.get(kept.id)).lease_ms - (await q.queue.get(kept.id)).started_ms > 30_000
    (worker,) = await q.queue.workers(FUNCTION)
    assert (worker.id, worker.slots, worker.state) == ("worker-1", 2, "running")


async def test_a_deregistered_worker_is_forgotten(q: QueueUnderTest) -> None:
    keeper = q.keeper("worker-1")
    keeper.renew({"state": "running"}, [])
    keeper.deregister()

    assert await q.queue.workers(FUNCTION) == []
