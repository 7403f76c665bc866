"""Every way in which a task ends is counted once, at that moment, whatever becomes of the task."""

from collections.abc import Mapping

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.ended import COARSE, FINE, GRAINS
from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow.taskqueue.messages import Accepted, Complete, HandBack, NewTask
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually

COMPLETED, FAILED = TaskState.COMPLETED, TaskState.FAILED
DLQ, CANCELLED, SCHEDULED = TaskState.DLQ, TaskState.CANCELLED, TaskState.SCHEDULED
NONE = dict.fromkeys(TERMINAL, 0)
SPANS = {FINE: 15, COARSE: 1440}
SOME_MS = 30_000


async def counted(q: QueueUnderTest, *functions: str) -> Mapping[TaskState, int]:
    """How many ended lately, by state; the short and the long span must agree."""
    sums = []
    for grain, minutes in SPANS.items():
        found = await q.queue.ended(functions or [FUNCTION], minutes=minutes)
        assert found.window.grain is grain
        sums.append({state: sum(counts) for state, counts in found.counts.items()})
    assert sums[0] == sums[1]
    return sums[0]


async def hashes(q: QueueUnderTest) -> list[bytes]:
    return [key async for key in q.client.scan_iter(match="tasks:ended:*")]


async def test_nothing_has_ended_before_a_task_ends(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    await q.claim(1)

    assert await counted(q) == NONE
    assert await hashes(q) == []


async def test_a_batch_of_results_is_counted_by_its_accepted_ones(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    one, two, three, lost, _running = await q.claim(5)
    await q.complete(one)
    await q.queue.delete(lost.id)

    settled = [Complete(task.id, task.lease, b"1") for task in (one, two, three, lost)]
    turn = await q.worker().turn(settled, free_slots=0)

    assert turn.accepted == (True, True, True, False)
    assert await counted(q) == NONE | {COMPLETED: 3}


async def test_a_repeated_settlement_is_not_counted_again(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    done, broken = await q.claim(2)
    for _ in range(3):
        assert await q.complete(done)
        assert await q.fail(broken, FAILED)

    assert await counted(q) == NONE | {COMPLETED: 1, FAILED: 1}


@pytest.mark.parametrize("state", [FAILED, DLQ])
async def test_a_failure_for_good_is_counted_by_where_it_ends(
    q: QueueUnderTest, state: TaskState
) -> None:
    await q.enqueue(2)
    for task in await q.claim(2):
        await q.fail(task, state)

    assert await counted(q) == NONE | {state: 2}


async def test_a_task_that_is_tried_again_has_not_ended(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    failed, returned, delayed = await q.claim(3)
    back = [HandBack(returned.id, returned.lease, ""), HandBack(delayed.id, delayed.lease, "", 1)]

    await q.fail(failed, SCHEDULED, delay_ms=1)
    await q.worker().turn(back, free_slots=0)

    assert await counted(q) == NONE


async def test_a_cancelled_task_is_counted_once_wherever_it_stood(q: QueueUnderTest) -> None:
    (running,) = await q.enqueue()
    claimed = await q.claim_one()
    (waiting,) = await q.enqueue()
    (later,) = await q.enqueue(delay_s=60)

    for task_id in (running, waiting, later):
        await q.queue.cancel(task_id)

    assert not await q.complete(claimed)
    assert await counted(q) == NONE | {CANCELLED: 3}


async def test_a_task_that_was_too_old_to_start_is_counted_as_failed(q: QueueUnderTest) -> None:
    for _ in range(2):
        await q.queue.enqueue(NewTask(FUNCTION, b"1", max_age_s=0.001))

    async def expired() -> bool:
        await q.queue.reap(FUNCTION, max_deliveries=3)
        return (await q.queue.depths(FUNCTION)).states[FAILED] == 2

    await eventually(expired, within_s=3)
    assert await counted(q) == NONE | {FAILED: 2}


async def test_a_lost_worker_ends_a_task_only_with_its_last_delivery(q: QueueUnderTest) -> None:
    await q.enqueue()
    for ended in (0, 1):
        await q.claim_one(lease_ms=1)

        async def reaped() -> bool:
            return await q.queue.reap(FUNCTION, max_deliveries=2) == 1

        await eventually(reaped, within_s=3)
        assert await counted(q) == NONE | {DLQ: ended}


async def test_a_damaged_record_is_counted_as_a_dead_letter(q: QueueUnderTest) -> None:
    (broken,) = await q.enqueue()
    await q.client.delete(keys.task(FUNCTION, broken.uuid))
    await q.client.set(keys.task(FUNCTION, broken.uuid), "not a hash")

    assert await q.claim(1) == []
    assert await counted(q) == NONE | {DLQ: 1}


async def test_a_redriven_task_is_counted_again_when_it_ends_again(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    await q.fail(await q.claim_one(), DLQ)
    await q.queue.redrive(task_id)
    assert await counted(q) == NONE | {DLQ: 1}

    await q.complete(await q.claim_one())

    assert await counted(q) == NONE | {DLQ: 1, COMPLETED: 1}


async def test_counts_outlive_their_tasks(q: QueueUnderTest) -> None:
    await q.enqueue(6)
    for task in await q.claim(6):
        await q.complete(task)
    hour = {COMPLETED: 3_600_000}

    assert await q.queue.purge(FUNCTION, ttl_ms=hour, keep={COMPLETED: 1}) == 5
    assert await counted(q) == NONE | {COMPLETED: 6}


async def test_counts_end_by_themselves(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    for task in await q.claim(3):
        await q.complete(task)

    for grain in GRAINS:
        (key,) = await q.client.keys(f"tasks:ended:{{{FUNCTION}}}:{grain.name}:*")
        assert grain.kept_ms - SOME_MS < await q.client.pttl(key) <= grain.kept_ms


async def test_a_new_step_prolongs_the_hash_and_a_known_one_does_not(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    first, second = await q.claim(2)
    await q.complete(first)
    (key,) = await q.client.keys(f"tasks:ended:{{{FUNCTION}}}:{COARSE.name}:*")
    await q.client.pexpire(key, 5_000_000)

    await q.complete(second)
    assert await q.client.pttl(key) <= 5_000_000
    await q.enqueue()
    await q.fail(await q.claim_one(), DLQ)

    assert await q.client.pttl(key) > 5_000_000


async def test_a_full_hash_stays_packed(q: QueueUnderTest) -> None:
    fields = {f"{step}{letter}": 2**40 for step in range(30) for letter in "CFDX"}
    key = keys.ended(FUNCTION, FINE, 1)
    await q.client.hset(key, mapping=fields)

    assert await q.client.object("ENCODING", key) == b"listpack"


async def test_a_count_that_cannot_be_written_does_not_break_the_end(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    done, broken = await q.claim(2)
    seconds, _ = await q.client.time()
    for grain in GRAINS:
        for number in grain.alive(seconds * 1000):
            await q.client.set(keys.ended(FUNCTION, grain, number), "no hash")

    assert await q.complete(done)
    assert await q.fail(broken, DLQ)

    assert await q.state(done.id) == COMPLETED
    assert await q.state(broken.id) == DLQ


async def test_functions_are_added_up_and_kept_apart(q: QueueUnderTest) -> None:
    names = [f"many-{number}" for number in range(230)]
    for answer in await q.queue.enqueue_many([NewTask(name) for name in names]):
        assert isinstance(answer, Accepted)
        await q.queue.cancel(answer.id)

    assert await counted(q, *names) == NONE | {CANCELLED: 230}
    assert await counted(q, names[0], names[229]) == NONE | {CANCELLED: 2}
    assert await counted(q, FUNCTION) == NONE


async def test_erasing_a_function_takes_its_counts_along(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    await q.fail(await q.claim_one())
    await q.complete(await q.claim_one())
    assert len(await hashes(q)) == len(GRAINS)

    while await q.queue.erase(FUNCTION):
        pass

    assert await hashes(q) == []
