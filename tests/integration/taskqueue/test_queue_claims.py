"""Who gets which task: order, one worker each, retries beside new tasks, repeated claims."""

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import Complete
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually


async def test_tasks_are_claimed_in_the_order_of_arrival(q: QueueUnderTest) -> None:
    ids = await q.enqueue(10)

    assert [task.id for task in await q.claim(10)] == ids


async def test_a_task_is_handed_to_one_worker_only(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    first, second = await q.claim(3), await q.claim(5)

    assert len(first) == 3
    assert len(second) == 2
    assert not {task.id for task in first} & {task.id for task in second}


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


async def test_a_task_cancelled_and_redriven_is_not_claimed_twice_from_two_list_entries(
    q: QueueUnderTest,
) -> None:
    (task_id,) = await q.enqueue()
    await q.client.rpush(keys.primary(FUNCTION), task_id.uuid)

    assert [task.id for task in await q.claim(5)] == [task_id]


async def test_a_paused_function_hands_out_nothing_and_goes_on_accepting(
    q: QueueUnderTest,
) -> None:
    await q.register()
    await q.queue.pause(FUNCTION)
    await q.enqueue()
    turn = await q.worker().turn([], free_slots=1)

    assert turn.batch.paused
    assert turn.batch.tasks == ()
    await q.queue.resume(FUNCTION)
    assert len(await q.claim(1)) == 1


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
