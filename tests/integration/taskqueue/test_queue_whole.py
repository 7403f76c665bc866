"""A task with its input and result in one look, and the depths and events that share its connection's ways."""

import asyncio

import pytest

from asynctaskflow.errors import TaskNotFound
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

NOBODY = TaskId(FUNCTION, "00000000-0000-7000-8000-000000000000")


async def test_a_finished_task_comes_whole(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    await q.complete(await q.claim_one(), b'"done"')
    task, given, result = await q.queue.whole(task_id)

    assert task == await q.queue.get(task_id)
    assert task.state is TaskState.COMPLETED
    assert (given, result) == (b'{"n":0}', b'"done"')


async def test_a_running_task_comes_with_its_lease_and_without_a_result(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    await q.claim_one()
    task, given, result = await q.queue.whole(task_id)

    assert task == await q.queue.get(task_id)
    assert task.lease_ms > task.started_ms
    assert (given, result) == (b'{"n":0}', b"")


async def test_a_task_that_was_never_stored_is_not_found(q: QueueUnderTest) -> None:
    with pytest.raises(TaskNotFound):
        await q.queue.whole(NOBODY)


async def test_a_record_that_is_no_hash_is_said_and_spoils_nothing_after_it(
    q: QueueUnderTest,
) -> None:
    damaged, sound = await q.enqueue(2)
    await q.client.set(f"task:{{{FUNCTION}}}:{damaged.uuid}", b"x")
    with pytest.raises(Exception, match="WRONGTYPE"):
        await q.queue.whole(damaged)

    assert (await q.queue.whole(sound))[1] == b'{"n":1}'


async def test_depths_say_how_long_the_oldest_waits_and_when_the_next_is_due(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(2)
    await q.enqueue(delay_s=60)
    await q.claim_one()
    depths = await q.queue.depths(FUNCTION)

    assert (depths.primary, depths.retry, depths.paused) == (1, 0, False)
    assert depths.states[TaskState.ACTIVE] == depths.states[TaskState.SCHEDULED] == 1
    assert 0 <= depths.oldest_pending_ms < 60_000
    assert depths.overdue_lease_ms == 0
    assert depths.next_due_ms is not None
    assert 0 < depths.next_due_ms <= 60_000


async def test_a_read_of_events_that_was_given_up_leaves_its_answer_to_nobody(
    q: QueueUnderTest,
) -> None:
    after = {FUNCTION: await q.queue.last_event_id(FUNCTION)}
    given_up = asyncio.create_task(q.queue.events(after, block_ms=20_000, limit=10))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    (task_id,) = await q.enqueue()
    (event,) = await q.queue.events(after, block_ms=20_000, limit=10)

    assert (event.uuid, event.kind) == (task_id.uuid, "enqueued")
    assert await q.queue.events({FUNCTION: event.stream_id}, block_ms=1, limit=10) == []
