"""A Task that was applied becomes a task in Redis, and its status says what has become of it; few writes do."""

from datetime import datetime, timedelta, timezone

import pytest

from asynctaskflow.clock import SystemClock
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.task_desk import Cluster, Functions, at_work, open_desk
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.task_desk_fixtures"]
pytestmark = pytest.mark.needs("kubernetes")


def conditions(status: dict) -> dict[str, str]:
    return {one["type"]: one["status"] for one in status["conditions"]}


async def test_a_short_task_costs_one_status(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions) as desk:
        made = await tasks.apply("one", input={"b": 1, "a": [None]})
        status = await tasks.state("one", of="COMPLETED")

        assert ran == [TaskId("echo", made["metadata"]["uid"])]
        assert desk.writes() == {"patch": 1}
    assert status["taskId"] == f"echo-{made['metadata']['uid']}"
    assert status["result"] == {"sum": 3, "none": None}
    assert status["resultPath"] == f"/api/v1/tasks/{status['taskId']}/result"
    assert conditions(status) == {"Succeeded": "True", "Finished": "True"}
    assert status["acceptedTime"] <= status["startedTime"] <= status["finishedTime"]
    assert await tasks_queue.queue.input(ran[0]) == b'{"a":[null],"b":1}'


async def test_a_task_that_takes_its_time_costs_two(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)

        status = await tasks.state("one", of="ACTIVE")
        assert conditions(status) == {"Succeeded": "Unknown", "Finished": "False"}
        assert status["worker"]
        await tasks_queue.complete(task)
        await tasks.state("one", of="COMPLETED")

        assert desk.writes() == {"patch": 2}


async def test_a_life_from_apply_to_deletion_costs_four_writes(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, kube_api
):
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one", ttlSecondsAfterFinished=0)
        namespace = made["metadata"]["namespace"]
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("one", of="ACTIVE")
        await tasks_queue.complete(task)
        await tasks.gone("one")

    def written() -> bool:
        return kube_api.audit.writes(namespace=namespace).total() >= 4

    await eventually(written, 5)
    assert kube_api.audit.writes(namespace=namespace) == {
        ("patch", "tasks"): 1,
        ("patch", "tasks/status"): 2,
        ("delete", "tasks"): 1,
    }


async def test_a_result_that_is_too_long_is_not_inlined(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    long = b'"' + b"x" * 16_384 + b'"'
    async with at_work(tasks_queue, result=long), open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        status = await tasks.state("one", of="COMPLETED")

    assert "result" not in status
    assert status["resultBytes"] == len(long)
    assert len(status["resultSha256"]) == 64


async def test_a_failure_says_what_was_wrong(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks_queue.fail(task, TaskState.DLQ, name="timeout")
        status = await tasks.state("one", of="DLQ")

    assert (status["reason"], status["failures"]) == ("timeout", 1)
    assert status["error"] == {"class": "timeout", "message": "timeout happened"}
    assert conditions(status) == {"Succeeded": "False", "Finished": "True"}


async def test_a_later_start_is_scheduled_and_says_when(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        now = datetime.fromtimestamp(SystemClock().wall_ms() // 1000, timezone(timedelta(hours=2)))
        start = now + timedelta(hours=1)
        await tasks.apply("one", startAfter=start.isoformat())
        status = await tasks.state("one", of="SCHEDULED")

    late = datetime.fromisoformat(status["nextAttemptTime"]) - start
    assert timedelta() <= late < timedelta(seconds=1)


async def test_the_options_of_a_task_reach_the_queue(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        made = await tasks.apply("one", maxAttempts=7, maxAgeSeconds=60)
        await eventually(lambda: tasks_queue.queue.queued_ids("echo", "primary", limit=1), 5)

    task = await tasks_queue.queue.get(TaskId("echo", made["metadata"]["uid"]))
    assert task.max_attempts == 7
    assert task.expires_ms - task.created_ms == 60_000
