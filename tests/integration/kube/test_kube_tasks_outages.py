"""The operator, Redis or the API server goes and comes back: nothing is lost, and nothing happens twice."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask, TaskFilter
from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.task_desk import (
    Cluster,
    Functions,
    at_work,
    fake_cluster,
    open_desk,
    stored,
)
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.task_desk_fixtures"]
pytestmark = pytest.mark.needs("kubernetes")


DONE = TaskFilter("echo", TaskState.COMPLETED)


async def test_an_operator_that_starts_again_submits_nothing_twice(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one")
        task_id = f"echo-{made['metadata']['uid']}"
        await eventually(lambda: stored(tasks_queue, task_id), 5)
    assert "taskId" not in await tasks.status("one"), "nothing says yet that it was accepted"

    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.state("one", of="COMPLETED")
        await tasks.apply("marker", desiredState="Cancelled")
        await tasks.state("marker", of="CANCELLED")
        assert [str(one) for one in ran] == [task_id]
        assert desk.writes() == {"patch": 2}


async def test_what_ended_while_no_operator_ran_is_shown_when_one_does(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("one", of="ACTIVE")
    await tasks_queue.complete(task)
    await tasks_queue.client.delete(keys.events("echo"), "operator:cursors")

    async with open_desk(tasks, tasks_queue, functions):
        await tasks.state("one", of="COMPLETED")


async def test_a_task_whose_resource_was_deleted_while_no_operator_ran_is_cancelled(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        gone, kept = await _submitted(tasks, tasks_queue)
    await tasks.delete("gone")
    (from_rest,) = await tasks_queue.enqueue()
    own_id = TaskId("echo", str(uuid4()))
    await tasks_queue.queue.enqueue(NewTask("echo", uuid=own_id.uuid))

    async with open_desk(tasks, tasks_queue, functions):
        await eventually(lambda: _is(tasks_queue, gone, TaskState.CANCELLED), 15)
        for one in (kept, from_rest, own_id):
            assert await tasks_queue.state(one) is TaskState.PENDING


async def test_a_task_that_was_run_again_after_its_resource_had_gone_is_left_alone(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        gone, kept = await _submitted(tasks, tasks_queue)
    for claimed in await tasks_queue.claim(2):
        if claimed.id == kept:
            await tasks_queue.fail(claimed, TaskState.DLQ)
    await tasks_queue.queue.redrive(kept)
    await tasks.delete("gone")
    await tasks.delete("kept")

    async with open_desk(tasks, tasks_queue, functions):
        await eventually(lambda: _is(tasks_queue, gone, TaskState.CANCELLED), 15)
        assert await tasks_queue.state(kept) is TaskState.PENDING


async def _submitted(tasks: Cluster, q: QueueUnderTest) -> list[TaskId]:
    """The tasks of two new resources, ``gone`` and ``kept``, once the queue has them."""
    made = [await tasks.apply(name) for name in ("gone", "kept")]
    ids = [TaskId("echo", one["metadata"]["uid"]) for one in made]
    await eventually(lambda: stored(q, str(ids[0])), 5)
    await eventually(lambda: stored(q, str(ids[1])), 5)
    return ids


@pytest.mark.parametrize("given", [b'{"n":1}', b'{ "n": 1 }'], ids=["as now", "packed otherwise"])
async def test_what_was_submitted_and_ended_before_anybody_said_so_is_shown_at_once(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, given
):
    uuid = (await tasks.apply("one", input={"n": 1}))["metadata"]["uid"]
    await tasks_queue.queue.enqueue(NewTask("echo", given, uuid=uuid))
    await tasks_queue.complete(await tasks_queue.claim_one())
    last = await tasks_queue.queue.last_event_id("echo")
    await tasks_queue.client.hset("operator:cursors", "echo", last)

    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions):
        await tasks.state("one", of="COMPLETED", within_s=5)
        assert ran == []


async def test_an_operator_that_starts_among_finished_tasks_writes_nothing(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        await tasks.apply("two", desiredState="Cancelled")
        await tasks.state("one", of="COMPLETED")
        await tasks.state("two", of="CANCELLED")

    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("three")
        await tasks.state("three", of="COMPLETED")
        assert desk.writes() == {"patch": 1}


async def test_tasks_wait_for_a_redis_that_is_away(
    tasks: Cluster,
    tasks_queue: QueueUnderTest,
    functions: Functions,
    task_server: RedisServer,
):
    async with open_desk(tasks, tasks_queue, functions):
        kept = TaskId("echo", (await tasks.apply("kept"))["metadata"]["uid"])
        await eventually(lambda: stored(tasks_queue, str(kept)), 5)
        task_server.kill()
        await tasks.apply("late")
        await tasks.apply("cancelled", desiredState="Cancelled")
        await tasks.delete("kept")
        with capture_logs() as logs:
            await eventually(lambda: {"late", "cancelled", str(kept)} <= _put_off(logs), 15)
        task_server.restart()

        await eventually(lambda: _is(tasks_queue, kept, TaskState.CANCELLED), 15)
        async with at_work(tasks_queue):
            await tasks.state("late", of="COMPLETED")
            await tasks.state("cancelled", of="CANCELLED")


async def test_statuses_wait_for_an_api_server_that_is_away(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        fake.away = True
        await tasks_queue.complete(task)
        await eventually(lambda: sum(fake.writes.values()) >= 2, 5, what="a write in vain")
        fake.away = False

        await tasks.state("one", of="COMPLETED")


async def test_statuses_catch_up_after_a_restart_of_the_api_server(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, kube_api: KubeApi
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        kube_api.kill()
        try:
            await tasks_queue.complete(task)
        finally:
            kube_api.start()

        await tasks.state("one", of="COMPLETED", within_s=30)


async def test_a_task_that_redis_lost_is_submitted_again(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, task_server: RedisServer
):
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one")
        await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("one", of="ACTIVE")
    task_server.command("FLUSHALL")

    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions):
        await tasks.state("one", of="COMPLETED")
        assert ran == [TaskId("echo", made["metadata"]["uid"])]


async def test_a_task_that_redis_lost_behind_a_running_operator_is_submitted_again(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, task_server: RedisServer
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        made = await tasks.apply("one")
        await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("one", of="ACTIVE")
        task_server.command("FLUSHALL")
        desk.desk.missed("echo", since_ms=1)

        async with at_work(tasks_queue) as ran:
            await eventually(lambda: len(ran) == 1, 10)
    assert ran == [TaskId("echo", made["metadata"]["uid"])]


async def test_what_ended_before_its_functions_events_were_followed_is_shown_at_once(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    spec = functions.specs.pop("echo")
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions) as desk:
        functions.specs["echo"] = spec
        await tasks.apply("one")
        await eventually(lambda: len(ran) == 1, 5)
        await eventually(lambda: tasks_queue.queue.count(DONE), 5)
        desk.follower.follow("echo")

        await tasks.state("one", of="COMPLETED", within_s=6)


async def test_an_end_that_no_event_told_of_is_shown(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("one", of="ACTIVE")
        desk.follower.leave("echo")
        await tasks_queue.complete(task)
        desk.desk.missed("echo", since_ms=1)

        await tasks.state("one", of="COMPLETED")


async def test_a_deleted_resource_that_no_watch_told_of_ends_its_task(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        fake.forget_silently("one")

        await eventually(lambda: _is(tasks_queue, task.id, TaskState.CANCELLED), 10)
    assert task.id.uuid == made["metadata"]["uid"]


async def test_a_late_word_of_a_deletion_does_not_touch_the_new_namesake(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    async with open_desk(tasks, tasks_queue, functions) as desk:
        old = await tasks.apply("one")
        first, second = TaskId("echo", old["metadata"]["uid"]), None
        await eventually(lambda: stored(tasks_queue, str(first)), 5)
        fake.forget_silently("one")
        made = await tasks.apply("one")
        second = TaskId("echo", made["metadata"]["uid"])
        await eventually(lambda: stored(tasks_queue, str(second)), 5)
        desk.desk.seen("DELETED", old)

        await eventually(lambda: _is(tasks_queue, first, TaskState.CANCELLED), 5)
        async with at_work(tasks_queue) as ran:
            status = await tasks.state("one", of="COMPLETED")
    assert (ran, status["taskId"]) == ([second], str(second))


async def test_a_deleted_function_ends_its_unfinished_tasks(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        async with at_work(tasks_queue):
            await tasks.apply("done")
            await tasks.state("done", of="COMPLETED")
        await tasks.apply("left")
        await eventually(lambda: tasks_queue.queue.queued_ids("echo", "primary", limit=1), 5)
        functions.closing.add("echo")
        while await tasks_queue.queue.erase("echo"):
            pass
        await desk.desk.end_all("echo")
        del functions.specs["echo"]
        status = await tasks.state("left", of="FAILED")

    assert status["reason"] == "FunctionDeleted"
    assert (await tasks.status("done"))["state"] == "COMPLETED"


async def test_a_task_that_was_deleted_over_rest_is_not_submitted_again(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one")
        task_id = TaskId("echo", made["metadata"]["uid"])
        await eventually(lambda: stored(tasks_queue, str(task_id)), 5)
        await tasks_queue.queue.delete(task_id)
        status = await tasks.state("one", of="CANCELLED")

    assert status["reason"] == "Deleted"
    assert await stored(tasks_queue, str(task_id)) is None


def _put_off(logs: Sequence[Mapping[str, Any]]) -> set[str]:
    return {one["name"] for one in logs if one["event"] == "put_off"}


async def _is(q: QueueUnderTest, task_id: TaskId, state: TaskState) -> bool:
    return await q.state(task_id) is state
