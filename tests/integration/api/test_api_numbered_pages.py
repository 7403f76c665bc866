"""A page is found by its number, not by reading what stands before it; running tasks keep their places."""

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask, TaskFilter
from asynctaskflow_testkit.queues import FUNCTION

SUMMARIES = "/api/v1/tasks/summaries/"
UID = "3f0c9b52-7f1e-4c5a-9d2e-0a1b2c3d4e5f"


async def page(http, **params):
    answer = await http.get(SUMMARIES, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(found):
    return [task["task_id"] for task in found["tasks"]]


async def walk(http, **params):
    """All pages by number."""
    number, last, seen = 0, 1, list[str]()
    while number < last:
        number += 1
        found = await page(http, page=number, **params)
        seen += ids(found)
        last = found["total_pages"]
    return seen


async def follow(http, **params):
    """All pages by cursor."""
    seen = list[str]()
    while not seen or params["cursor"]:
        found = await page(http, **params)
        seen += ids(found)
        params["cursor"] = found["next_cursor"]
    return seen


async def records_read(q, http, **params):
    """How many task records one page takes from the server."""
    await q.client.config_resetstat()
    await page(http, **params)
    stats = await q.client.info("commandstats")
    return stats.get("cmdstat_hgetall", {"calls": 0})["calls"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"task_type": FUNCTION},
        {"status": "PENDING"},
        {"status": "DLQ", "error_type": "boom"},
        {"start_date": "2020-01-01", "end_date": "2100-01-01"},
        {"status": "ACTIVE"},
    ],
    ids=str,
)
async def test_numbered_pages_and_pages_by_cursor_give_the_same_order(http, q, params):
    for name in (FUNCTION, "summarize"):
        await q.queue.enqueue_many([NewTask(name, b"1") for _ in range(13)])
    for task in await q.claim(7):
        await q.fail(task, TaskState.DLQ, name="boom")
    await q.claim(3)
    total = (await page(http, **params))["total_items"]

    numbered = await walk(http, page_size=4, **params)

    assert numbered == await follow(http, page_size=4, cursor="", **params)
    assert len(numbered) == total > 0


async def test_a_deep_page_reads_its_own_tasks_only(http, q):
    for name in (FUNCTION, "summarize"):
        await q.queue.enqueue_many([NewTask(name, b"1") for _ in range(600)])

    assert await records_read(q, http, page=50, page_size=20) == 20
    assert await records_read(q, http, page=30, page_size=20, task_type=FUNCTION) == 20


async def test_a_deep_page_of_one_function_takes_no_more_from_the_server_than_the_first(http, q):
    await q.queue.enqueue_many([NewTask(FUNCTION, b"1") for _ in range(1000)])

    async def sent_bytes(number):
        before = (await q.client.info("stats"))["total_net_output_bytes"]
        await page(http, page=number, page_size=5)
        return (await q.client.info("stats"))["total_net_output_bytes"] - before

    await sent_bytes(1)

    assert await sent_bytes(190) < 1.5 * await sent_bytes(1)


async def test_pages_of_one_function_have_no_last_number(http, q):
    await q.queue.enqueue_many([NewTask(FUNCTION, b"1") for _ in range(1100)])

    deep = await page(http, page=110, page_size=10)
    beyond = await http.get(SUMMARIES, params={"page": 111, "page_size": 10})

    assert len(ids(deep)) == 10
    assert deep["next_cursor"] == ""
    assert beyond.json()["tasks"] == []


async def test_a_numbered_page_goes_on_by_cursor(http, q):
    for name in (FUNCTION, "summarize"):
        await q.queue.enqueue_many([NewTask(name, b"1") for _ in range(10)])
    everything = await walk(http, page_size=20)

    third = await page(http, page=3, page_size=3)
    rest = await page(http, page_size=100, cursor=third["next_cursor"])

    assert ids(third) + ids(rest) == everything[6:]
    assert rest["next_cursor"] == ""


async def test_a_time_range_is_numbered_from_its_own_end(http, q):
    await q.enqueue(1)
    (entry,) = await q.queue.entries(TaskFilter(FUNCTION), first=0, limit=5)
    born = round(entry[1])
    where = TaskFilter(FUNCTION, until_ms=born, since_ms=born - 5)
    within = TaskFilter(FUNCTION, until_ms=born + 1, since_ms=born)

    assert await q.queue.entries(where, first=0, limit=5) == []
    assert await q.queue.entries(within, first=0, limit=5) == [entry]
    assert await q.queue.entries(within, first=1, limit=5) == []


async def test_renewals_between_pages_skip_no_running_task(http, q):
    await q.enqueue(9)
    claimed = await q.claim(9)
    expected = sorted((str(one.id) for one in claimed), reverse=True)

    seen, cursor = list[str](), ""
    while cursor or not seen:
        found = await page(http, status="ACTIVE", page_size=3, cursor=cursor)
        seen += ids(found)
        cursor = found["next_cursor"]
        await renew_last(q, claimed)

    assert seen == expected


async def renew_last(q, claimed):
    """The oldest task's lease becomes the freshest."""
    index = keys.state_index(FUNCTION, TaskState.ACTIVE)
    ((_, latest),) = await q.client.zrevrange(index, 0, 0, withscores=True)
    oldest = min(one.id.uuid for one in claimed)
    await q.client.zadd(index, {oldest: latest + 1000})


async def test_a_running_task_with_an_id_of_kubernetes_stands_where_it_was_created(http, q):
    await q.enqueue(2)
    await q.queue.enqueue(NewTask(FUNCTION, b"1", uuid=UID))
    claimed = await q.claim(3)
    born = {str(one.id): (await q.queue.get(one.id)).created_ms for one in claimed}

    found = ids(await page(http, status="ACTIVE"))

    assert set(found) == set(born)
    times = [born[one] for one in found]
    assert times == sorted(times, reverse=True)


async def test_a_time_range_of_running_tasks_is_one_of_their_creation(q):
    await q.enqueue(2)
    (task, *_) = await q.claim(2)
    born = (await q.queue.get(task.id)).created_ms

    def where(since_ms, until_ms):
        return TaskFilter(FUNCTION, TaskState.ACTIVE, since_ms=since_ms, until_ms=until_ms)

    assert await q.queue.count(where(born - 1000, born + 1000)) == 2
    assert await q.queue.count(where(born + 1000, born + 2000)) == 0
    assert (await q.queue.list_tasks(where(born + 1000, 0), limit=5)).tasks == ()


async def test_scheduled_tasks_come_by_their_due_time_whatever_that_is_called(http, q):
    for delay_s in (300, 100, 200):
        await q.enqueue(1, delay_s=delay_s)

    natural = ids(await page(http, status="SCHEDULED"))
    due = ids(await page(http, status="SCHEDULED", sort_by="retry_after"))
    updated = ids(await page(http, status="SCHEDULED", sort_by="updated_at"))

    assert natural == due
    assert updated == sorted(updated, reverse=True)
    assert updated != natural
