"""Resources of finished tasks are deleted in time, and their tasks stay in Redis."""

from functools import partial
from typing import Any

import pytest

from asynctaskflow.model.function import FunctionSpec, History
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.task_desk import (
    Cluster,
    Functions,
    at_work,
    fake_cluster,
    open_desk,
)
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.task_desk_fixtures"]
pytestmark = pytest.mark.needs("kubernetes")


def remembering(functions: Functions, **history: Any) -> None:
    functions.specs["echo"] = FunctionSpec(handler="handlers:echo", history=History(**history))


async def test_a_finished_task_leaves_after_its_own_time_and_stays_in_redis(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("kept")
        made = await tasks.apply("one", ttlSecondsAfterFinished=0)
        await tasks.state("kept", of="COMPLETED")
        await tasks.gone("one")

        assert await tasks.names() == ["kept"]
        assert desk.writes() == {"patch": 2, "delete": 1}
    assert await tasks_queue.state(TaskId("echo", made["metadata"]["uid"])) is TaskState.COMPLETED


async def test_a_refused_task_leaves_too(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    remembering(functions, resource_ttl_seconds=0)
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", desiredState="Cancelled")

        await tasks.gone("one")


async def test_dead_letters_outlive_the_others(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    remembering(functions, resource_ttl_seconds=0)
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("dead")
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks_queue.fail(task)
        await tasks.state("dead", of="DLQ")
        async with at_work(tasks_queue):
            await tasks.apply("done")
            await tasks.gone("done", within_s=20)

        assert await tasks.names() == ["dead"]


async def test_the_newest_stay_within_the_functions_limit(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    remembering(functions, resource_limit=2)
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions):
        for number in range(4):
            await tasks.apply(f"t{number}")
            await eventually(partial(_ended_or_gone, tasks, f"t{number}"), 10)

        await tasks.gone("t0")
        await tasks.gone("t1")
        assert await tasks.names() == ["t2", "t3"]


async def test_a_namesake_that_was_applied_a_moment_ago_is_not_deleted_for_the_old_one(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", ttlSecondsAfterFinished=60)
        await tasks.state("one", of="COMPLETED")
        shown = await tasks.status("one")
        fake.forget_silently("one")
        made = fake.add_silently(
            {
                "apiVersion": Kind.TASK.api_version,
                "kind": Kind.TASK.text,
                "metadata": {"name": "one"},
                "spec": {"function": "echo", "input": {}},
                "status": shown,
            }
        )
        before = fake.reads["one"]
        remembering(functions, resource_limit=0)
        await eventually(lambda: fake.reads["one"] > before, 10, what="a look before the deletion")

        assert (await fake.get(Kind.TASK, "one"))["metadata"]["uid"] == made["metadata"]["uid"]
        assert fake.writes["delete", Kind.TASK] == 0


async def _ended_or_gone(tasks: Cluster, name: str) -> bool:
    status = await tasks.status(name)
    return status.get("state") == "COMPLETED" or name not in await tasks.names()
