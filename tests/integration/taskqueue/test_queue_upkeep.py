"""What keeps a queue clean: maximum age, purge, damaged records, orphans."""

import pytest

from asynctaskflow.errors import (
    TaskNotFound,
)
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


async def test_a_task_past_its_maximum_age_fails_instead_of_starting(q: QueueUnderTest) -> None:
    accepted = await q.queue.enqueue(NewTask(FUNCTION, b"1", max_age_s=0.001))

    async def failed() -> bool:
        assert await q.claim(1) == []
        await q.queue.reap(FUNCTION, max_deliveries=3)
        return await q.state(accepted.id) == TaskState.FAILED

    await eventually(failed, within_s=3)
    assert (await q.queue.get(accepted.id)).error_class == "expired"


async def test_purge_removes_old_terminal_tasks_and_nothing_else(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    done = await q.claim_one()
    await q.complete(done)
    running = await q.claim_one()

    async def purged() -> bool:
        ttl = dict.fromkeys((TaskState.COMPLETED, TaskState.FAILED, TaskState.DLQ), 1)
        return await q.queue.purge(FUNCTION, ttl_ms=ttl, keep={}) == 1

    await eventually(purged, within_s=3)
    assert await q.state(running.id) == TaskState.ACTIVE
    assert (await q.queue.depths(FUNCTION)).states[TaskState.PENDING] == 1
    with pytest.raises(TaskNotFound):
        await q.queue.get(done.id)


async def test_purge_keeps_the_newest_of_a_history_limit(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    for claimed in await q.claim(5):
        await q.complete(claimed)

    hour = {TaskState.COMPLETED: 3_600_000}
    assert await q.queue.purge(FUNCTION, ttl_ms=hour, keep={TaskState.COMPLETED: 2}) == 3
    assert (await q.queue.depths(FUNCTION)).states[TaskState.COMPLETED] == 2


async def test_a_vandalised_record_goes_to_the_dlq_and_the_queue_goes_on(
    q: QueueUnderTest,
) -> None:
    broken, healthy = await q.enqueue(2)
    await q.client.delete(keys.task(FUNCTION, broken.uuid))
    await q.client.set(keys.task(FUNCTION, broken.uuid), "not a hash")

    assert [task.id for task in await q.claim(2)] == [healthy]
    task = await q.queue.get(broken)
    assert (task.state, task.error_class) == (TaskState.DLQ, "corrupt")


async def test_orphaned_pending_tasks_are_found_and_queued_once(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    await q.client.ltrim(keys.primary(FUNCTION), 2, -1)

    assert await q.queue.requeue_orphaned(FUNCTION) == (2, 2)
    assert await q.queue.requeue_orphaned(FUNCTION) == (0, 0)
    assert len(await q.claim(10)) == 3
