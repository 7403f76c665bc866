"""What is wished of a Task after it was applied: to end, to run again, to be another one under the same name."""

import pytest

from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.task_desk import Cluster, Functions, at_work, open_desk, stored
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.task_desk_fixtures"]
pytestmark = pytest.mark.needs("kubernetes")


async def accepted(q: QueueUnderTest, made: dict) -> TaskId:
    task_id = TaskId("echo", made["metadata"]["uid"])
    await eventually(lambda: stored(q, str(task_id)), 5, what="accepted")
    return task_id


async def dead(q: QueueUnderTest) -> TaskId:
    """Fail the next task for good."""
    (task,) = await eventually(lambda: q.claim(1), 5)
    assert await q.fail(task)
    return task.id


async def test_a_queued_task_is_cancelled(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        task_id = await accepted(tasks_queue, await tasks.apply("one"))
        await tasks.wish("one", desiredState="Cancelled")
        status = await tasks.state("one", of="CANCELLED")

    assert await tasks_queue.state(task_id) is TaskState.CANCELLED
    assert status["reason"] == "Cancelled"


async def test_a_task_that_is_applied_as_cancelled_never_runs(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("one", desiredState="Cancelled")
        status = await tasks.state("one", of="CANCELLED")

        assert ran == []
        assert desk.writes() == {"patch": 1}
    assert status["finishedTime"]
    assert "acceptedTime" not in status


async def test_deleting_a_task_cancels_it(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        task_id = await accepted(tasks_queue, await tasks.apply("one"))
        await tasks.delete("one")

        await eventually(lambda: _is(tasks_queue, task_id, TaskState.CANCELLED), 5)
    last = (await tasks_queue.queue.get(task_id)).history[-1]
    assert last.message == "Task deleted"


async def test_deleting_a_finished_task_changes_nothing_in_redis(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        task_id = await dead(tasks_queue)
        await tasks.state("one", of="DLQ")
        await tasks.delete("one")
        await tasks.apply("marker", desiredState="Cancelled")
        await tasks.state("marker", of="CANCELLED")

    assert await tasks_queue.state(task_id) is TaskState.DLQ


async def test_deleting_a_resource_that_shows_an_end_leaves_a_task_alone_that_runs_again(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await tasks.apply("one")
        task_id = await dead(tasks_queue)
        await tasks.state("one", of="DLQ")
        desk.follower.leave("echo")
        await tasks_queue.queue.redrive(task_id)
        await tasks.delete("one")
        await tasks.apply("marker", desiredState="Cancelled")
        await tasks.state("marker", of="CANCELLED")

    assert await tasks_queue.state(task_id) is TaskState.PENDING


async def test_a_dead_letter_is_run_again_once_for_each_wish(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        task_id = await dead(tasks_queue)
        await tasks.state("one", of="DLQ")
        await tasks.wish("one", redrives=1)
        assert await dead(tasks_queue) == task_id
        status = await eventually(lambda: _obeyed(tasks, "one", 1, "DLQ"), 10)
        assert "result" not in status

        await tasks.wish("one", redrives=2)
        (again,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks_queue.complete(again)
        status = await eventually(lambda: _obeyed(tasks, "one", 2, "COMPLETED"), 10)

    assert (await tasks_queue.queue.get(task_id)).redrives == 2
    assert status["result"] == "done"


async def test_an_operator_that_starts_again_runs_nothing_a_second_time_for_one_wish(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        task_id = await dead(tasks_queue)
        await tasks.state("one", of="DLQ")
    # The operator of before obeyed the wish and died before it could say so.
    await tasks.wish("one", redrives=1)
    await tasks_queue.queue.redrive(task_id)
    await dead(tasks_queue)

    async with open_desk(tasks, tasks_queue, functions):
        await eventually(lambda: _obeyed(tasks, "one", 1, "DLQ"), 10)

    assert (await tasks_queue.queue.get(task_id)).redrives == 1


async def test_a_wish_for_a_running_task_is_noted_and_runs_nothing(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", redrives=1)
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks_queue.fail(task)
        await eventually(lambda: _obeyed(tasks, "one", 1, "DLQ"), 10)

    assert (await tasks_queue.queue.get(task.id)).redrives == 0


async def test_the_same_name_with_a_new_uid_is_a_new_task(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        first = await dead(tasks_queue)
        await tasks.state("one", of="DLQ")
        await tasks.delete("one")
        second = await accepted(tasks_queue, await tasks.apply("one"))
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks_queue.complete(task)
        status = await tasks.state("one", of="COMPLETED")

    assert second != first
    assert status["taskId"] == str(second)
    assert await tasks_queue.state(first) is TaskState.DLQ


async def test_a_task_over_rest_is_shown_and_steered_by_a_resource_that_names_it(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    accepted_ = await tasks_queue.queue.enqueue(NewTask("echo"))
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("mine", taskId=str(accepted_.id))
        (task,) = await eventually(lambda: tasks_queue.claim(1), 5)
        await tasks.state("mine", of="ACTIVE")
        await tasks.wish("mine", desiredState="Cancelled")
        await tasks.state("mine", of="CANCELLED")

    assert not await tasks_queue.complete(task)


async def _is(q: QueueUnderTest, task_id: TaskId, state: TaskState) -> bool:
    return await q.state(task_id) is state


async def _obeyed(tasks: Cluster, name: str, redrives: int, state: str) -> dict:
    status = await tasks.status(name)
    assert (status.get("redrives"), status.get("state")) == (redrives, state), status
    return status
