"""One transition, one script: what each does to a task, its queues and its indexes."""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow.errors import (
    IdempotencyConflict,
    InvalidTransition,
    LeaseLost,
    QueueFull,
    TaskNotFound,
)
from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import Accepted, Complete, HandBack, NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.waiting import eventually


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        yield opened


async def test_a_task_goes_from_pending_over_active_to_completed(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    claimed = await q.claim_one()

    assert claimed.id == task_id
    assert claimed.input == b'{"n":0}'
    assert await q.state(task_id) == TaskState.ACTIVE
    assert await q.complete(claimed, b'{"answer":42}')
    assert await q.state(task_id) == TaskState.COMPLETED
    assert await q.queue.result(task_id) == b'{"answer":42}'


async def test_tasks_are_claimed_in_the_order_of_arrival(q: QueueUnderTest) -> None:
    ids = await q.enqueue(10)

    assert [task.id for task in await q.claim(10)] == ids


async def test_a_task_is_handed_to_one_worker_only(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    first, second = await q.claim(3), await q.claim(5)

    assert len(first) == 3
    assert len(second) == 2
    assert not {task.id for task in first} & {task.id for task in second}


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


async def test_a_repeated_claim_is_the_same_claim(q: QueueUnderTest) -> None:
    await q.enqueue(4)
    lost = q.worker()
    nonce = lost._nonce
    first = await lost.turn([], free_slots=2)
    lost._nonce = nonce
    again = await lost.turn([], free_slots=2)

    assert again.batch.tasks == first.batch.tasks
    assert (await q.queue.depths(FUNCTION)).states[TaskState.PENDING] == 2


async def test_a_claim_repeated_after_its_lease_hands_out_nothing_that_another_holds(
    q: QueueUnderTest,
) -> None:
    await q.enqueue()
    late = q.worker(lease_ms=1)
    nonce = late._nonce
    await late.turn([], free_slots=1)

    async def reaped() -> bool:
        return await q.queue.reap(FUNCTION, max_deliveries=3) == 1

    await eventually(reaped, within_s=3)
    await q.claim_one()
    late._nonce = nonce

    assert (await late.turn([], free_slots=1)).batch.tasks == ()


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


async def test_tasks_on_their_last_delivery_are_handed_out_one_at_a_time_in_order(
    q: QueueUnderTest,
) -> None:
    suspects = set(await q.enqueue(3))
    for _ in range(2):
        assert len(await q.claim(3, lease_ms=1)) == 3

        async def reaped() -> bool:
            await q.queue.reap(FUNCTION, max_deliveries=3)
            return (await q.queue.depths(FUNCTION)).retry == 3

        await eventually(reaped, within_s=3)
    fresh = await q.enqueue(2)

    first = await q.claim(10)
    without = await q.worker().turn([], free_slots=10, take_suspect=False)
    second, third = await q.claim(10), await q.claim(10)

    assert len(first) == 3
    assert len({task.id for task in first} & suspects) == 1
    assert {task.id for task in first} >= set(fresh)
    assert without.batch.tasks == ()
    assert [len(second), len(third)] == [1, 1]
    assert (await q.queue.depths(FUNCTION)).states[TaskState.PENDING] == 0


async def test_settled_failures_do_not_use_up_the_crash_budget(q: QueueUnderTest) -> None:
    await q.enqueue()
    for _ in range(5):
        await q.fail(await q.claim_one(), TaskState.SCHEDULED)

    assert (await q.claim_one()).deliveries == 1


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


async def test_progress_needs_the_current_lease(q: QueueUnderTest) -> None:
    await q.enqueue()
    claimed = await q.claim_one()
    await q.worker().progress(claimed.id, claimed.lease, fraction=0.5, note="page 1 of 2")

    task = await q.queue.get(claimed.id)
    assert (task.progress, task.note) == (0.5, "page 1 of 2")
    with pytest.raises(LeaseLost):
        await q.worker().progress(claimed.id, "another", fraction=0.9, note="")


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


async def test_a_task_cancelled_and_redriven_is_not_claimed_twice_from_two_list_entries(
    q: QueueUnderTest,
) -> None:
    (task_id,) = await q.enqueue()
    await q.client.rpush(keys.primary(FUNCTION), task_id.uuid)

    assert [task.id for task in await q.claim(5)] == [task_id]


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


async def test_a_paused_function_hands_out_nothing_and_goes_on_accepting(
    q: QueueUnderTest,
) -> None:
    await q.queue.pause(FUNCTION)
    await q.enqueue()
    turn = await q.worker().turn([], free_slots=1)

    assert turn.batch.paused
    assert turn.batch.tasks == ()
    await q.queue.resume(FUNCTION)
    assert len(await q.claim(1)) == 1


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


async def test_history_is_bounded(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    for _ in range(25):
        await q.fail(await q.claim_one(), TaskState.SCHEDULED)

    task = await q.queue.get(task_id)
    assert len(task.history) == 20
    assert task.history[-1].attempt == 25


async def test_orphaned_pending_tasks_are_found_and_queued_once(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    await q.client.ltrim(keys.primary(FUNCTION), 2, -1)

    assert await q.queue.requeue_orphaned(FUNCTION) == (2, 2)
    assert await q.queue.requeue_orphaned(FUNCTION) == (0, 0)
    assert len(await q.claim(10)) == 3


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


async def test_a_blocked_worker_is_woken_by_an_enqueue(q: QueueUnderTest) -> None:
    worker = q.worker()
    await worker.turn([], free_slots=1)
    await q.client.delete(keys.wakeup(FUNCTION))
    await q.enqueue()

    assert await worker.wait_for_work(timeout_s=2)


async def test_retries_do_not_starve_new_tasks_nor_the_other_way_round(q: QueueUnderTest) -> None:
    await q.enqueue(20)
    for claimed in await q.claim(20):
        await q.fail(claimed)
        await q.queue.redrive(claimed.id)
    fresh = set(await q.enqueue(20))

    first = await q.claim(10)

    assert sum(task.id in fresh for task in first) == 7


async def test_a_settlement_and_the_next_claim_share_a_round_trip(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    worker = q.worker()
    first = (await worker.turn([], free_slots=1)).batch.tasks[0]

    turn = await worker.turn([Complete(first.id, first.lease, b"1")], free_slots=1)

    assert turn.accepted == (True,)
    assert len(turn.batch.tasks) == 1
