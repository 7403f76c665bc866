"""The past of the event feed: the same events, newest first, page by page."""

from asynctaskflow.model import keys
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_api.streams import formats
from asynctaskflow_testkit.api import dead_letter, submit
from asynctaskflow_testkit.queues import FUNCTION

PATH = "/api/v1/events/recent"


async def told(http, **params):
    answer = await http.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_past_is_what_the_feed_has_told_with_the_same_ids(http, q):
    await dead_letter(q, http, 2)
    await q.queue.pause(FUNCTION)

    page = await told(http)

    live = await q.queue.past_events({FUNCTION: "0-0"}, limit=100)
    assert page["events"] == [formats.feed_data(one) for one in reversed(live)]
    assert page["next_cursor"] == ""
    assert len({one["id"] for one in page["events"]}) == len(live) == 7


async def test_older_pages_follow_without_a_gap(http, q):
    await q.queue.enqueue_many([NewTask(FUNCTION) for _ in range(40)])
    await q.queue.enqueue_many([NewTask("summarize") for _ in range(3)])
    found, cursor = [], ""
    while True:
        page = await told(http, limit=9, before=cursor)
        found += page["events"]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert found == (await told(http, limit=500))["events"]
    assert len(found) == 43


async def test_functions_kinds_and_a_task_narrow_it(http, q):
    (dead,) = await dead_letter(q, http)
    other = await submit(http, 2)
    await q.queue.enqueue_many([NewTask("summarize")])

    async def kinds(**params):
        return [one["kind"] for one in (await told(http, **params))["events"]]

    assert await kinds(function=["summarize", "nobody"]) == ["enqueued"]
    assert await kinds(task=dead) == ["failed", "claimed", "enqueued"]
    assert await kinds(task=other) == ["enqueued"]
    assert await kinds(kind=["failed", "claimed"]) == ["failed", "claimed"]
    assert await kinds(function="nobody") == []


async def test_progress_is_told_only_to_whoever_asks(http, q):
    await submit(http)
    (task,) = await q.claim(1)
    await q.worker().progress(task.id, task.lease, fraction=0.5, note="half")

    assert [one["kind"] for one in (await told(http))["events"]] == ["claimed", "enqueued"]
    (report,) = (await told(http, kind="progress"))["events"]
    assert (report["progress"], report["note"]) == (0.5, "half")


async def test_a_cursor_that_is_none_and_a_kind_that_is_none_are_refused(http):
    bad = await http.get(PATH, params={"before": "yesterday"})
    unknown = await http.get(PATH, params={"kind": "complete"})

    assert (bad.status_code, unknown.status_code) == (400, 422)
    assert "before" in bad.json()["detail"]


async def test_a_damaged_entry_hides_nothing_else(http, q):
    await submit(http)
    await q.client.xadd(keys.events(FUNCTION), {"t": "nonsense"})
    await q.client.xadd(keys.events(FUNCTION), {"x": "y"})

    assert [one["kind"] for one in (await told(http))["events"]] == ["enqueued"]
