"""Listing, filtering, counting and paging come from indexes and agree with what is stored."""

import pytest

from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask, TaskFilter
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest

KUBERNETES_UID = "3f0c9b52-7f1e-4c5a-9d2e-0a1b2c3d4e5f"


async def walk(q: QueueUnderTest, where: TaskFilter, *, limit: int) -> list[TaskId]:
    """All pages of a listing, one after the other."""
    found: list[TaskId] = []
    cursor = ""
    while True:
        page = await q.queue.list_tasks(where, limit=limit, cursor=cursor)
        found += [task.id for task in page.tasks]
        cursor = page.cursor
        if not cursor:
            return found


@pytest.mark.parametrize("limit", [1, 3, 7, 100], ids=lambda limit: f"pages of {limit}")
async def test_pages_give_each_task_once_though_a_bulk_shares_a_millisecond(
    q: QueueUnderTest, limit: int
) -> None:
    ids = await q.enqueue(20)

    for where in (TaskFilter(FUNCTION), TaskFilter(FUNCTION, TaskState.PENDING)):
        found = await walk(q, where, limit=limit)
        assert sorted(map(str, found)) == sorted(map(str, ids))
        assert found == sorted(found, key=lambda one: one.uuid, reverse=True)


async def test_paging_goes_on_though_the_cursors_task_has_left(q: QueueUnderTest) -> None:
    ids = sorted(await q.enqueue(10), key=lambda one: one.uuid, reverse=True)
    where = TaskFilter(FUNCTION, TaskState.PENDING)
    first = await q.queue.list_tasks(where, limit=4)
    await q.queue.delete(first.tasks[-1].id)

    second = await q.queue.list_tasks(where, limit=100, cursor=first.cursor)

    assert [task.id for task in second.tasks] == ids[4:]


async def test_a_state_lists_and_counts_its_tasks_only(q: QueueUnderTest) -> None:
    await q.enqueue(4)
    done = await q.claim_one()
    await q.complete(done)
    running = await q.claim_one()

    for state, expected in {
        TaskState.COMPLETED: [done.id],
        TaskState.ACTIVE: [running.id],
        TaskState.DLQ: [],
    }.items():
        where = TaskFilter(FUNCTION, state)
        assert await walk(q, where, limit=10) == expected
        assert await q.queue.count(where) == len(expected)
    assert await q.queue.count(TaskFilter(FUNCTION)) == 4


async def test_an_error_class_lists_and_counts_its_tasks_only(q: QueueUnderTest) -> None:
    await q.enqueue(5)
    for number, claimed in enumerate(await q.claim(5)):
        await q.fail(claimed, name="timeout" if number % 2 else "bad_response")

    where = TaskFilter(FUNCTION, TaskState.DLQ, error_class="bad_response")
    assert len(await walk(q, where, limit=2)) == await q.queue.count(where) == 3
    assert await q.queue.error_classes(FUNCTION, TaskState.DLQ) == {"bad_response": 3, "timeout": 2}


async def test_an_error_class_that_begins_like_another_is_not_mixed_up(q: QueueUnderTest) -> None:
    await q.enqueue(2)
    for name, claimed in zip(("time", "timeout"), await q.claim(2), strict=True):
        await q.fail(claimed, name=name)

    assert await q.queue.error_classes(FUNCTION, TaskState.DLQ) == {"time": 1, "timeout": 1}
    assert await q.queue.count(TaskFilter(FUNCTION, TaskState.DLQ, error_class="time")) == 1


async def test_a_time_range_is_half_open(q: QueueUnderTest) -> None:
    (task_id,) = await q.enqueue()
    at = (await q.queue.get(task_id)).updated_ms

    def where(since_ms: int, until_ms: int) -> TaskFilter:
        return TaskFilter(FUNCTION, TaskState.PENDING, since_ms=since_ms, until_ms=until_ms)

    assert await q.queue.count(where(at, at + 1)) == 1
    assert await q.queue.count(where(at - 5, at)) == 0
    assert await walk(q, where(at + 1, at + 5), limit=5) == []


@pytest.mark.parametrize("length", [4, 8, 13, 20, 36], ids=lambda length: f"{length} characters")
async def test_an_id_prefix_finds_the_task(q: QueueUnderTest, length: int) -> None:
    (task_id,) = await q.enqueue()
    found = await walk(q, TaskFilter(FUNCTION, id_prefix=task_id.uuid[:length]), limit=10)

    assert found == [task_id]


async def test_an_id_prefix_finds_a_task_that_came_from_a_resource(q: QueueUnderTest) -> None:
    await q.enqueue(3)
    accepted = await q.queue.enqueue(NewTask(FUNCTION, b"1", uuid=KUBERNETES_UID))
    where = TaskFilter(FUNCTION, id_prefix=KUBERNETES_UID[:6])

    assert await walk(q, where, limit=10) == [accepted.id]
    assert await q.queue.count(where) == 1


async def test_an_id_prefix_that_nothing_has_finds_nothing(q: QueueUnderTest) -> None:
    await q.enqueue(3)

    assert await walk(q, TaskFilter(FUNCTION, id_prefix="ffff"), limit=10) == []


async def test_an_id_prefix_and_a_state_are_both_respected(q: QueueUnderTest) -> None:
    first, second = await q.enqueue(2)
    await q.queue.cancel(first)
    where = TaskFilter(FUNCTION, TaskState.CANCELLED, id_prefix=second.uuid[:6])

    assert await walk(q, where, limit=1) == [first]


@pytest.mark.parametrize(
    ("where", "limit", "cursor", "named"),
    [
        (TaskFilter(FUNCTION), 0, "", "limit"),
        (TaskFilter(FUNCTION), 1001, "", "limit"),
        (TaskFilter(FUNCTION), 1, "§", "cursor"),
        (TaskFilter(FUNCTION), 1, "AAAA", "cursor"),
        (TaskFilter(FUNCTION, id_prefix="xyz"), 1, "", "id prefix"),
        (TaskFilter(FUNCTION, TaskState.PENDING, error_class="x"), 1, "", "error_class"),
    ],
    ids=["zero", "too many", "no base64", "no score", "no uuid", "state without errors"],
)
async def test_a_bad_listing_is_refused_by_the_field_that_is_wrong(
    q: QueueUnderTest, where: TaskFilter, limit: int, cursor: str, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        await q.queue.list_tasks(where, limit=limit, cursor=cursor)


async def test_a_small_waiting_task_takes_at_most_800_bytes_beside_its_payload(
    q: QueueUnderTest,
) -> None:
    tasks, payload = 5000, b'{"content":"' + b"x" * 100 + b'"}'
    await q.queue.enqueue(NewTask(FUNCTION, payload))
    before = (await q.client.info("memory"))["used_memory"]
    for _ in range(tasks // 200):
        await q.queue.enqueue_many([NewTask(FUNCTION, payload) for _ in range(200)])
    after = (await q.client.info("memory"))["used_memory"]

    stream = await q.client.memory_usage(f"tasks:events:{{{FUNCTION}}}", samples=0)
    assert (after - before - stream) / tasks - len(payload) <= 800
