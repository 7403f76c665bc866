"""Tasks that share a script call: what one of them is, does not change what becomes of its neighbours."""

from asynctaskflow.errors import IdempotencyConflict, QueueFull
from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

FOREIGN = "0d9f1a52-3c4b-4d5e-8f60-718293a4b5c6"
FOREIGN_TOO = "0d9f1a52-3c4b-4d5e-8f60-718293a4b5c7"


def uuid(number: int) -> str:
    return f"01890000-0000-7000-8000-{number:012x}"


async def enqueue(q: QueueUnderTest, *new: NewTask) -> list[Accepted]:
    answers = await q.queue.enqueue_many(new)
    assert all(isinstance(answer, Accepted) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Accepted)]


async def indexed(q: QueueUnderTest, index: str) -> dict[str, int]:
    found = await q.client.zrange(index, 0, -1, withscores=True)
    return {member.decode(): int(score) for member, score in found}


async def limit(q: QueueUnderTest, max_depth: int) -> None:
    spec = FunctionSpec(handler="a:b", queue=QueueLimits(max_depth=max_depth))
    await q.queue.register(FUNCTION, spec)


async def test_a_uuid_twice_in_one_batch_is_one_task(q: QueueUnderTest) -> None:
    first, second = await enqueue(q, *[NewTask(FUNCTION, b"1", uuid=uuid(1))] * 2)

    assert first.id == second.id
    assert (await q.queue.depths(FUNCTION)).primary == 1
    assert await indexed(q, keys.all_index(FUNCTION)) == {uuid(1): 0x01890000_0000}


async def test_a_key_twice_in_one_batch_is_one_task(q: QueueUnderTest) -> None:
    first, second = await enqueue(q, *[NewTask(FUNCTION, b"1", idempotency_key="k")] * 2)

    assert (first.created, second.created) == (True, False)
    assert first.id == second.id
    assert list(await indexed(q, keys.all_index(FUNCTION))) == [first.id.uuid]


async def test_known_and_new_tasks_of_one_batch_are_told_apart(q: QueueUnderTest) -> None:
    await enqueue(q, NewTask(FUNCTION, b"1", uuid=uuid(1)), NewTask(FUNCTION, b"2", uuid=uuid(2)))
    await q.complete(await q.claim_one())
    answers = await q.queue.enqueue_many(
        [
            NewTask(FUNCTION, b"3", uuid=uuid(3)),
            NewTask(FUNCTION, b"1", uuid=uuid(1)),
            NewTask(FUNCTION, b"another", uuid=uuid(2)),
            NewTask(FUNCTION, b"4", uuid=uuid(4)),
        ]
    )

    assert isinstance(answers[2], IdempotencyConflict)
    assert [one.state for one in answers if isinstance(one, Accepted)] == [
        TaskState.PENDING,
        TaskState.COMPLETED,
        TaskState.PENDING,
    ]
    assert [task.id.uuid for task in await q.claim(9)] == [uuid(2), uuid(3), uuid(4)]
    assert list(await indexed(q, keys.all_index(FUNCTION))) == [uuid(n) for n in (1, 2, 3, 4)]


async def test_a_batch_that_does_not_fit_fills_the_queue_and_leaves_no_trace_of_the_rest(
    q: QueueUnderTest,
) -> None:
    await limit(q, 3)
    new = [NewTask(FUNCTION, b"%d" % n, uuid=uuid(n)) for n in range(4)]
    new.append(NewTask(FUNCTION, b"foreign", uuid=FOREIGN))
    answers = await q.queue.enqueue_many(new)

    assert [type(one) for one in answers] == [Accepted] * 3 + [QueueFull] * 2
    assert list(await indexed(q, keys.all_index(FUNCTION))) == [uuid(n) for n in range(3)]
    assert await indexed(q, keys.foreign_ids(FUNCTION)) == {}


async def test_a_full_queue_still_answers_who_repeats(q: QueueUnderTest) -> None:
    await limit(q, 2)
    kept = [NewTask(FUNCTION, b"1", uuid=uuid(1)), NewTask(FUNCTION, b"2", idempotency_key="k")]
    first = await enqueue(q, *kept)

    assert [one.id for one in await enqueue(q, *kept)] == [one.id for one in first]


async def test_scheduled_tasks_count_against_the_depth(q: QueueUnderTest) -> None:
    await limit(q, 2)
    answers = await q.queue.enqueue_many([NewTask(FUNCTION, delay_s=60)] * 2 + [NewTask(FUNCTION)])

    assert [type(one) for one in answers] == [Accepted, Accepted, QueueFull]


async def test_a_repeated_foreign_uuid_keeps_its_time_of_birth(q: QueueUnderTest) -> None:
    new = [NewTask(FUNCTION, b"1", uuid=FOREIGN), NewTask(FUNCTION, b"1", uuid=FOREIGN_TOO)]
    await enqueue(q, *new)
    born = await indexed(q, keys.all_index(FUNCTION))
    await q.client.zadd(keys.all_index(FUNCTION), {FOREIGN: 1})
    await enqueue(q, *new)

    assert await indexed(q, keys.all_index(FUNCTION)) == {**born, FOREIGN: 1}
    assert set(await indexed(q, keys.foreign_ids(FUNCTION))) == {FOREIGN, FOREIGN_TOO}


async def test_ids_of_one_batch_keep_the_time_that_each_begins_with(q: QueueUnderTest) -> None:
    ids = ["01890000-0000-7000-8000-00000000000a", "01890000-0001-7000-8000-00000000000a", FOREIGN]
    await enqueue(q, *[NewTask(FUNCTION, uuid=one) for one in [*ids[:2], FOREIGN, uuid(11)]])
    born = await indexed(q, keys.all_index(FUNCTION))

    assert born[ids[0]] == born[uuid(11)] == 0x01890000_0000
    assert born[ids[1]] == 0x01890000_0001
    assert born[FOREIGN] == (await q.queue.tasks([(await q.claim(3))[2].id]))[0].created_ms


async def test_options_of_one_task_are_not_its_neighbours(q: QueueUnderTest) -> None:
    plain, rich, keyed = await enqueue(
        q,
        NewTask(FUNCTION, b"1"),
        NewTask(FUNCTION, b"", input_ref="redis:echo/a", max_age_s=5, max_attempts=2),
        NewTask(FUNCTION, b"3", idempotency_key="k", traceparent="00-a-b-01"),
    )
    first, second, third = await q.queue.tasks([plain.id, rich.id, keyed.id])

    assert (first.input_ref, first.expires_ms, first.max_attempts, first.traceparent) == (
        "",
        0,
        0,
        "",
    )
    assert (second.input_ref, second.expires_ms, second.max_attempts) == (
        "redis:echo/a",
        second.created_ms + 5000,
        2,
    )
    assert (third.traceparent, third.expires_ms) == ("00-a-b-01", 0)
    again = await q.queue.enqueue(NewTask(FUNCTION, b"3", idempotency_key="k"))
    assert again.id == keyed.id
