"""Dead letters whose messages differ only in what differs from task to task are one group, and nothing else is."""

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.error_groups import MOST_GROUPS
from asynctaskflow.taskqueue.messages import ErrorGroup, Fail, TaskFilter
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

ALIKE = {
    "a number": ("column price missing in row 17", "column price missing in row 1,099.5"),
    "an address": ("connection refused by 10.0.0.7:6379", "connection refused by 10.12.0.254:80"),
    "a uuid": (
        "no document 0190aaaa-beef-7abc-8def-feeddeadbeef",
        "no document 0190bbbb-0001-7000-8000-000000000001",
    ),
    "hexadecimal": ("no blob 9f86d081884c7d65", "no blob 2c26b46b68ffc68ff99b453c1d304134"),
    "an address in memory": ("<Row object at 0x7f3a2b10> is bad", "<Row object at 0xdead> is bad"),
    "a mixed id": ("request req_011CQdLZ9mV4 failed", "request req_7Hk2PzW8xY31q failed"),
    "a query": (
        "GET https://example.org/v1?page=a#top failed",
        "GET https://example.org/v1?page=b&x=y failed",
    ),
    "a quoted query": (
        "no answer from 'https://example.org/v1?q=a'",
        "no answer from 'https://example.org/v1?q=b'",
    ),
    "a mail address": ("no such user ann@example.org", "no such user bob.b@mail.example.net"),
    "a quoted path": ("can't open '/in/ann.pdf'", "can't open '/in/bob.pdf'"),
    "a quoted value": ('title "The first paper" is taken', 'title "Another: one" is taken'),
    "a long number after a status": ("status 50312", "status 11899"),
    "the lines after the first": ("bad row\nrow 1: a", "bad row\nrow 2: b"),
    "how long a number is, far on": ("n 1 " + "x" * 190 + "end", "n 100 " + "x" * 190 + "end"),
}
DIFFERENT = {
    "words": ("column price missing in row 17", "connection refused by 10.0.0.7"),
    "a name": ("column price missing", "column amount missing"),
    "a quoted name": ("No module named 'numpy'", "No module named 'pandas.io'"),
    "an http status": ("HTTP 404 from upstream", "HTTP 503 from upstream"),
    "a status line": ("answered '404 Not Found'", "answered '429 Too Many Requests'"),
    "an errno": ("[Errno 111] failed", "[Errno 113] failed"),
    "an exit code": ("ended with code 137", "ended with code 1"),
    "the path of a url": ("GET https://a.example/v1/one", "GET https://a.example/v1/two"),
}
EXITS = ["redrive", "delete", "purge", "erase"]


async def dead_letters(q: QueueUnderTest, *messages: str, name: str = "boom") -> list[TaskId]:
    """A dead letter for each message, in order."""
    ids = await q.enqueue(len(messages))
    settlements = [
        Fail(claimed.id, claimed.lease, TaskState.DLQ, name, message)
        for claimed, message in zip(await q.claim(len(messages)), messages, strict=True)
    ]
    turn = await q.worker().turn(settlements, free_slots=0)
    assert all(turn.accepted)
    return ids


async def groups(q: QueueUnderTest, *, most: int = MOST_GROUPS) -> list[ErrorGroup]:
    """All of the function's groups."""
    found = await q.queue.error_groups(FUNCTION, most=most)
    assert found.total == found.more + sum(one.count for one in found.groups)
    return list(found.groups)


@pytest.mark.parametrize("what", ALIKE)
async def test_errors_that_differ_only_in_what_varies_are_alike(
    q: QueueUnderTest, what: str
) -> None:
    await dead_letters(q, *ALIKE[what])

    assert [one.count for one in await groups(q)] == [2]


@pytest.mark.parametrize("what", DIFFERENT)
async def test_errors_that_differ_in_what_went_wrong_are_not_alike(
    q: QueueUnderTest, what: str
) -> None:
    await dead_letters(q, *DIFFERENT[what])

    assert [one.count for one in await groups(q)] == [1, 1]


@pytest.mark.parametrize(
    "message", ["", "\n\n", "'", "x" * 1024, "a" * 500 + "@", "%f[%w] %1 \x00 é"]
)
async def test_any_message_has_a_fingerprint(q: QueueUnderTest, message: str) -> None:
    (task,) = await dead_letters(q, message or "\n")

    assert len((await q.queue.get(task)).fingerprint) == 10


async def test_a_group_says_what_its_tasks_are_and_since_when(q: QueueUnderTest) -> None:
    ids = await dead_letters(q, *(f"row {n} is bad" for n in range(5)))
    await dead_letters(q, "row 1 is bad", name="boo")

    larger, smaller = await groups(q)
    first, last = [(await q.queue.get(one)).updated_ms for one in (ids[0], ids[-1])]

    assert (larger.function, larger.error_class, larger.count) == (FUNCTION, "boom", 5)
    assert (larger.newest, larger.error) == (tuple(ids[:1:-1]), "row 4 is bad")
    assert (larger.first_ms, larger.last_ms) == (first, last)
    assert (smaller.error_class, smaller.count) == ("boo", 1)
    assert larger.fingerprint == smaller.fingerprint == (await q.queue.get(ids[0])).fingerprint


async def test_a_class_with_its_fingerprint_lists_and_counts_its_group_only(
    q: QueueUnderTest,
) -> None:
    rows = await dead_letters(q, *(f"row {n} is bad" for n in range(3)))
    await dead_letters(q, "no route to host")
    fingerprint = (await q.queue.get(rows[0])).fingerprint
    where = TaskFilter(FUNCTION, TaskState.DLQ, error_class=f"boom/{fingerprint}")

    first = await q.queue.list_tasks(where, limit=2)
    rest = await q.queue.list_tasks(where, limit=2, cursor=first.cursor)

    assert [task.id for task in (*first.tasks, *rest.tasks)] == rows[::-1]
    assert await q.queue.count(where) == 3
    assert [uuid for uuid, _ in await q.queue.entries(where, first=1, limit=9)] == [
        rows[1].uuid,
        rows[0].uuid,
    ]


async def test_a_fingerprint_without_the_state_dlq_is_refused(q: QueueUnderTest) -> None:
    where = TaskFilter(FUNCTION, TaskState.FAILED, error_class="boom/0123456789")

    with pytest.raises(ValueError, match="fingerprint"):
        await q.queue.count(where)


async def test_classes_are_counted_beside_their_fingerprints(q: QueueUnderTest) -> None:
    for name in ("time", "time2", "timeout", "tim"):
        await dead_letters(q, "one way", "another way", name=name)

    assert await q.queue.error_classes(FUNCTION, TaskState.DLQ) == dict.fromkeys(
        ("time2", "time", "timeout", "tim"), 2
    )
    assert len(await groups(q)) == 8


@pytest.mark.parametrize("way_out", EXITS)
async def test_a_task_that_leaves_the_dead_letters_leaves_its_group(
    q: QueueUnderTest, way_out: str
) -> None:
    (task,) = await dead_letters(q, "row 1 is bad")
    assert await q.client.zcard(keys.errors(FUNCTION)) == 2

    match way_out:
        case "redrive":
            await q.queue.redrive(task)
            assert (await q.queue.get(task)).fingerprint == ""
        case "delete":
            await q.queue.delete(task)
        case "purge":
            keep = {TaskState.DLQ: 0}
            await q.queue.purge(FUNCTION, ttl_ms={TaskState.DLQ: 0}, keep=keep)
        case _:
            await q.queue.erase(FUNCTION)

    assert await q.client.zcard(keys.errors(FUNCTION)) == 0
    assert await groups(q) == []


async def test_a_redriven_task_that_fails_otherwise_is_in_its_new_group_only(
    q: QueueUnderTest,
) -> None:
    (task,) = await dead_letters(q, "row 1 is bad")
    await q.queue.redrive(task)
    await q.fail(await q.claim_one(), message="no route to host")

    (group,) = await groups(q)
    assert (group.count, group.error) == (1, "no route to host")


async def test_a_lost_worker_and_a_damaged_record_have_groups_too(q: QueueUnderTest) -> None:
    await q.enqueue()
    await q.claim_one(lease_ms=0)
    await q.queue.reap(FUNCTION, max_deliveries=1)
    (damaged,) = await q.enqueue()
    await q.client.set(keys.task(FUNCTION, damaged.uuid), "no hash")
    await q.claim()

    found = await groups(q)
    assert [(one.error_class, bool(one.fingerprint)) for one in found] == [
        ("corrupt", True),
        ("worker_lost", True),
    ]


async def test_a_retry_and_a_refused_input_have_no_fingerprint(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    for claimed, to in zip(await q.claim(2), (TaskState.SCHEDULED, TaskState.FAILED), strict=True):
        await q.fail(claimed, to, delay_ms=60_000)

    assert await q.client.zcard(keys.errors(FUNCTION)) == 2
    assert await groups(q) == []


async def test_dead_letters_from_before_there_were_fingerprints_are_a_group_of_their_class(
    q: QueueUnderTest,
) -> None:
    old = await dead_letters(q, "an old one", "an older one")
    for task in old:
        stored = await q.queue.get(task)
        member = f"DLQ:boom/{stored.fingerprint}:{stored.updated_ms:014d}:{task.uuid}"
        await q.client.zrem(keys.errors(FUNCTION), member)
        await q.client.hdel(keys.task(FUNCTION, task.uuid), "fingerprint")
    await dead_letters(q, "a new one")

    before, after = await groups(q)
    assert (before.fingerprint, before.count) == ("", 2)
    assert (before.newest, before.error) == (tuple(old[::-1]), "an older one")
    assert (after.count, after.error) == (1, "a new one")

    for task in old:
        await q.queue.redrive(task)
    assert await groups(q) == [after]


async def test_of_many_groups_the_large_ones_are_told_and_the_rest_is_summed(
    q: QueueUnderTest,
) -> None:
    words = [f"{one}{other}" for one in "abcdefghijklmnopqrst" for other in "abcdefghij"]
    await dead_letters(q, *(f"{word} is bad" for word in words))
    await dead_letters(q, *(f"row {n} is bad" for n in range(50)))
    await dead_letters(q, *(f"line {n} is bad" for n in range(40)))

    found = await q.queue.error_groups(FUNCTION, most=10)

    assert [one.count for one in found.groups] == [50, 40, *[1] * 8]
    assert (found.total, found.more) == (290, 192)
    assert len((await q.queue.error_groups(FUNCTION, most=200)).groups) == 200


async def test_as_many_groups_as_are_asked_for_are_all_told(q: QueueUnderTest) -> None:
    await dead_letters(q, *(f"{letter} is bad" for letter in "abcdefghij"))
    await dead_letters(q, *(f"a is bad, {letter} too" for letter in "ab"), name="worse")

    assert len(await groups(q, most=12)) == 12


async def test_the_number_of_groups_is_bounded(q: QueueUnderTest) -> None:
    for most in (0, MOST_GROUPS + 1):
        with pytest.raises(ValueError, match="most"):
            await q.queue.error_groups(FUNCTION, most=most)
