"""What enqueueing stores, once, and what it refuses."""

import pytest

from asynctaskflow.errors import (
    IdempotencyConflict,
    QueueFull,
)
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


async def test_a_bulk_answers_each_task_in_order(q: QueueUnderTest) -> None:
    new = [NewTask(FUNCTION if n % 2 else "other", b"%d" % n) for n in range(450)]
    answers = await q.queue.enqueue_many(new)

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert [answer.id.function for answer in answers if isinstance(answer, Accepted)] == [
        one.function for one in new
    ]


async def test_a_full_queue_refuses_and_stores_nothing(q: QueueUnderTest) -> None:
    await q.queue.register(FUNCTION, FunctionSpec(handler="a:b", queue=QueueLimits(max_depth=2)))
    await q.enqueue(2)

    with pytest.raises(QueueFull):
        await q.enqueue(1)
    depths = await q.queue.depths(FUNCTION)
    assert depths.states[TaskState.PENDING] == depths.primary == 2


async def test_the_same_idempotency_key_and_input_give_the_same_task(q: QueueUnderTest) -> None:
    first = await q.queue.enqueue(NewTask(FUNCTION, b"1", idempotency_key="k"))
    again = await q.queue.enqueue(NewTask(FUNCTION, b"1", idempotency_key="k"))

    assert first.created
    assert not again.created
    assert again.id == first.id
    assert (await q.queue.depths(FUNCTION)).primary == 1


async def test_an_idempotency_key_with_another_input_is_refused(q: QueueUnderTest) -> None:
    await q.queue.enqueue(NewTask(FUNCTION, b"1", idempotency_key="k"))

    with pytest.raises(IdempotencyConflict):
        await q.queue.enqueue(NewTask(FUNCTION, b"2", idempotency_key="k"))


async def test_a_repeated_enqueue_of_one_uuid_stores_one_task(q: QueueUnderTest) -> None:
    first = await q.queue.enqueue(NewTask(FUNCTION, b"1"))
    again = await q.queue.enqueue(NewTask(FUNCTION, b"1", uuid=first.id.uuid))

    assert again.id == first.id
    assert (await q.queue.depths(FUNCTION)).primary == 1


async def test_a_delayed_task_is_not_claimed_before_it_is_due(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue(delay_s=0.4)
    worker = q.worker()
    early = await worker.turn([], free_slots=1)

    assert early.batch.tasks == ()
    assert early.batch.next_due_ms is not None
    assert 0 < early.batch.next_due_ms <= 400
    assert await q.state(task_id) == TaskState.SCHEDULED

    async def claimed() -> bool:
        return bool((await worker.turn([], free_slots=1)).batch.tasks)

    await eventually(claimed, within_s=3)
    task = await q.queue.get(task_id)
    assert task.started_ms - task.created_ms >= 400


async def test_every_transition_is_an_event(q: QueueUnderTest) -> None:
    await q.enqueue()
    await q.fail(await q.claim_one(), TaskState.SCHEDULED)
    claimed = await q.claim_one()
    await q.complete(claimed)

    events = await q.queue.events({FUNCTION: "0"}, block_ms=1, limit=100)
    assert [(one.kind, one.old, one.new) for one in events] == [
        ("enqueued", "", "PENDING"),
        ("claimed", "PENDING", "ACTIVE"),
        ("failed", "ACTIVE", "SCHEDULED"),
        ("promoted", "SCHEDULED", "PENDING"),
        ("claimed", "PENDING", "ACTIVE"),
        ("completed", "ACTIVE", "COMPLETED"),
    ]
