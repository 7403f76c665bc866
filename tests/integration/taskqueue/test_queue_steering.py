"""What a person does to tasks: cancel, redrive, delete."""

import pytest

from asynctaskflow.errors import (
    InvalidTransition,
    TaskNotFound,
)
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import Complete, NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


@pytest.mark.parametrize("delay_s", [0.0, 60.0], ids=["queued", "scheduled"])
async def test_a_cancelled_task_is_never_claimed(q: QueueUnderTest, delay_s: float) -> None:
    (task_id,) = await q.enqueue(delay_s=delay_s)
    await q.queue.cancel(task_id, reason="not needed")

    assert await q.claim(1) == []
    assert await q.state(task_id) == TaskState.CANCELLED
    with pytest.raises(InvalidTransition):
        await q.queue.cancel(task_id)


async def test_cancelling_a_running_task_voids_its_lease(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()

    assert await q.queue.cancel(claimed.id) == TaskState.ACTIVE
    assert not await q.complete(claimed)
    assert await q.state(claimed.id) == TaskState.CANCELLED


async def test_a_redriven_task_leaves_the_dlq_in_the_same_step(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.fail(claimed)
    assert (await q.queue.depths(FUNCTION)).states[TaskState.DLQ] == 1

    await q.queue.redrive(claimed.id)

    depths = await q.queue.depths(FUNCTION)
    assert (depths.states[TaskState.DLQ], depths.retry) == (0, 1)
    assert await q.queue.error_classes(FUNCTION, TaskState.DLQ) == {}
    again = await q.claim_one()
    assert (again.id, again.failures, again.attempt) == (claimed.id, 0, 2)


async def test_redriving_twice_queues_once(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.fail(claimed)
    await q.queue.redrive(claimed.id)

    with pytest.raises(InvalidTransition):
        await q.queue.redrive(claimed.id)
    assert (await q.queue.depths(FUNCTION)).retry == 1


async def test_a_completed_task_cannot_be_redriven_or_cancelled(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.complete(claimed)

    with pytest.raises(InvalidTransition):
        await q.queue.redrive(claimed.id)
    with pytest.raises(InvalidTransition):
        await q.queue.cancel(claimed.id)


async def test_deleting_an_active_task_leaves_nothing_and_refuses_its_worker(
    q: QueueUnderTest,
) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.queue.delete(claimed.id)

    assert not await q.complete(claimed)
    with pytest.raises(TaskNotFound):
        await q.queue.get(claimed.id)
    assert await q.client.keys(f"task:*{claimed.id.uuid}*") == []
    assert (await q.queue.depths(FUNCTION)).states == dict.fromkeys(TaskState, 0)


async def test_deleting_or_purging_a_task_deletes_its_blobs(q: QueueUnderTest) -> None:
    deleted: list[str] = []

    class Blobs:
        async def delete(self, ref: str) -> None:
            deleted.append(ref)

    queue = RedisQueue(q.client, blocking=q.blocking, blobs=Blobs())
    kept = await queue.enqueue(NewTask(FUNCTION, b"", input_ref="redis:echo/1"))
    await queue.delete(kept.id)
    await queue.enqueue(NewTask(FUNCTION, b"", input_ref="redis:echo/2"))
    claimed = await q.claim_one()
    await q.worker().turn(
        [Complete(claimed.id, claimed.lease, b"", result_ref="redis:echo/3")], free_slots=0
    )

    async def purged() -> bool:
        return await queue.purge(FUNCTION, ttl_ms={TaskState.COMPLETED: 1}, keep={}) == 1

    await eventually(purged, within_s=3)
    assert deleted == ["redis:echo/1", "redis:echo/2", "redis:echo/3"]


@pytest.mark.parametrize("action", ["cancel", "delete", "redrive", "get"])
async def test_an_unknown_task_is_said_to_be_unknown(q: QueueUnderTest, action: str) -> None:
    unknown = TaskId(FUNCTION, "01890000-0000-7000-8000-000000000000")

    with pytest.raises(TaskNotFound):
        await getattr(q.queue, action)(unknown)
