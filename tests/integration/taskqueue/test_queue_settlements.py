"""What the outcome of an execution does to its task, and which lease may say it."""

import pytest

from asynctaskflow.errors import (
    LeaseLost,
)
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import HandBack
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


async def test_a_task_goes_from_pending_over_active_to_completed(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    claimed = await q.claim_one()

    assert claimed.id == task_id
    assert claimed.input == b'{"n":0}'
    assert await q.state(task_id) == TaskState.ACTIVE
    assert await q.complete(claimed, b'{"answer":42}')
    assert await q.state(task_id) == TaskState.COMPLETED
    assert await q.queue.result(task_id) == b'{"answer":42}'


async def test_a_repeated_settlement_is_accepted_and_changes_nothing(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()

    assert await q.complete(claimed, b"1")
    assert await q.complete(claimed, b"2")
    assert await q.queue.result(claimed.id) == b"1"


async def test_a_failed_task_is_scheduled_and_comes_back_by_the_retry_list(
    q: QueueUnderTest,
) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.fail(claimed, TaskState.SCHEDULED, delay_ms=1)

    async def again() -> bool:
        return bool(await q.claim(1))

    await eventually(again, within_s=3)
    task = await q.queue.get(claimed.id)
    assert (task.attempt, task.failures, task.deliveries) == (2, 1, 1)
    assert [entry.event for entry in task.history] == ["failed"]


async def test_completion_clears_the_error_of_an_earlier_attempt(q: QueueUnderTest) -> None:
    await q.enqueue()
    await q.fail(await q.claim_one(), TaskState.SCHEDULED)
    claimed = await q.claim_one()
    await q.complete(claimed)

    task = await q.queue.get(claimed.id)
    assert (task.state, task.error, task.error_class) == (TaskState.COMPLETED, "", "")
    assert await q.queue.error_classes(FUNCTION, TaskState.SCHEDULED) == {}


async def test_a_handed_back_task_is_next_and_burned_no_attempt(q: QueueUnderTest) -> None:
    ids = await q.enqueue(2)
    claimed = await q.claim_one()
    back = HandBack(claimed.id, claimed.lease, "worker stops")
    turn = await q.worker().turn([back], free_slots=1)

    assert turn.accepted == (True,)
    assert [task.id for task in turn.batch.tasks] == ids[:1]
    assert turn.batch.tasks[0].attempt == 1
    assert turn.batch.tasks[0].deliveries == 1


async def test_a_task_handed_back_with_a_delay_waits_scheduled(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.worker().turn(
        [HandBack(claimed.id, claimed.lease, "breaker_open", 60_000)], free_slots=0
    )

    task = await q.queue.get(claimed.id)
    assert (task.state, task.attempt, task.failures) == (TaskState.SCHEDULED, 0, 0)
    assert task.due_ms > task.updated_ms


async def test_settled_failures_do_not_use_up_the_crash_budget(q: QueueUnderTest) -> None:
    await q.enqueue()
    for _ in range(5):
        await q.fail(await q.claim_one(), TaskState.SCHEDULED)

    assert (await q.claim_one()).deliveries == 1


async def test_progress_needs_the_current_lease(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.worker().progress(claimed.id, claimed.lease, fraction=0.5, note="page 1 of 2")

    task = await q.queue.get(claimed.id)
    assert (task.progress, task.note) == (0.5, "page 1 of 2")
    with pytest.raises(LeaseLost):
        await q.worker().progress(claimed.id, "another", fraction=0.9, note="")


async def test_history_is_bounded(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    for _ in range(25):
        await q.fail(await q.claim_one(), TaskState.SCHEDULED)

    task = await q.queue.get(task_id)
    assert len(task.history) == 20
    assert task.history[-1].attempt == 25
