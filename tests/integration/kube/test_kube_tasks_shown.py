"""Tasks that came over REST are shown as resources: as the Function wishes, and within what the cluster bears."""

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec, Visibility
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import Fail, NewTask
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.tasks.desk import TaskDesk
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


def visible(functions: Functions, visibility: Visibility) -> None:
    functions.specs["echo"] = FunctionSpec(handler="handlers:echo", visibility=visibility)


async def submitted(q: QueueUnderTest) -> TaskId:
    return (await q.queue.enqueue(NewTask("echo"))).id


async def fenced(tasks: Cluster) -> None:
    """Whatever was to be written before this has been sent: the budget is not short here."""
    await tasks.apply("fence", desiredState="Cancelled")
    await tasks.state("fence", of="CANCELLED")


async def test_auto_shows_a_task_that_takes_its_time(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, kube_api
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        task_id = await submitted(tasks_queue)
        task = await tasks_queue.claim_one()
        await tasks.state(str(task_id), of="ACTIVE")
        await tasks_queue.complete(task)
        await tasks.state(str(task_id), of="COMPLETED")
        made = await tasks.kube.get(Kind.TASK, str(task_id))

        assert desk.writes() == {"create": 1, "patch": 2}
        assert desk.desk.shown("echo").shown == 1
    assert made["metadata"]["labels"] == {"asynctaskflow.dev/function": "echo"}
    assert "ownerReferences" not in made["metadata"]
    assert made["spec"]["taskId"] == str(task_id)


async def test_auto_shows_a_failure_and_no_short_success(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        bad = await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one())
        await submitted(tasks_queue)
        await tasks_queue.complete(await tasks_queue.claim_one())
        await tasks.state(str(bad), of="DLQ")
        await fenced(tasks)

        assert await tasks.names() == [str(bad), "fence"]


async def test_always_shows_every_task(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    visible(functions, Visibility.ALWAYS)
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions) as desk:
        ids = [str(await submitted(tasks_queue)) for _ in range(5)]
        for name in ids:
            await tasks.state(name, of="COMPLETED")

        assert desk.writes() == {"create": 5, "patch": 5}


async def test_on_failure_shows_failures_only(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    visible(functions, Visibility.ON_FAILURE)
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await submitted(tasks_queue)
        await tasks_queue.complete(await tasks_queue.claim_one())
        bad = await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one(), TaskState.FAILED)
        await tasks.state(str(bad), of="FAILED")

        assert await tasks.names() == [str(bad)]
        assert desk.writes() == {"create": 1, "patch": 1}


async def test_never_shows_nothing(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    visible(functions, Visibility.NEVER)
    async with open_desk(tasks, tasks_queue, functions):
        await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one())
        await fenced(tasks)

        assert await tasks.names() == ["fence"]


async def test_what_is_not_shown_for_want_of_room_is_counted_and_said(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions, task_resources_max=1) as desk:
        for _ in range(3):
            await submitted(tasks_queue)
            await tasks_queue.fail(await tasks_queue.claim_one())

        await eventually(lambda: desk.desk.shown("echo").skipped == 2, 5)
        shown = desk.desk.shown("echo")
        assert shown.message.startswith("2 tasks got no resource: as many Task resources")
        text = desk.gauges.exposition().decode()
        assert 'tasks_not_shown_total{reason="too_many_resources"} 2.0' in text


async def test_auto_gives_way_to_what_is_shown_when_the_write_budget_is_short(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    budget = {"writes_per_s": 0.01, "writes_burst": 3}
    async with open_desk(tasks, tasks_queue, functions, **budget) as desk:
        first = await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one())
        await tasks.state(str(first), of="DLQ")
        await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one())

        await eventually(lambda: desk.desk.shown("echo").skipped == 1, 5)
        assert "the budget of API writes was short" in desk.desk.shown("echo").message
        assert await tasks.names() == [str(first)]


async def test_auto_makes_no_resource_for_a_task_that_ended_well_before_it_could_be_made(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    fake.away = True
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await submitted(tasks_queue)
        task = await tasks_queue.claim_one()
        await eventually(lambda: fake.writes["create", Kind.TASK] > 0, 5)
        await tasks_queue.complete(task)
        await eventually(lambda: "completed" in desk.heard.kinds, 5)
        fake.away = False
        await fenced(tasks)
        await eventually(lambda: not len(desk.outbox), 5, what="nothing waits to be written")

        assert await tasks.names() == ["fence"]


async def test_many_failures_at_once_are_shown_as_far_as_the_budget_goes(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions, writes_burst=20) as desk:
        await tasks_queue.enqueue(100)
        worker = tasks_queue.worker()
        turn = await worker.turn([], free_slots=100)
        bad = [Fail(t.id, t.lease, TaskState.DLQ, "boom", "boom") for t in turn.batch.tasks]
        await worker.turn(bad, free_slots=0)

        await eventually(lambda: _all_counted(desk.desk, 100), 10)
        assert desk.desk.shown("echo").skipped > 0
        for name in await tasks.names():
            await tasks.state(name, of="DLQ")


async def test_a_resource_of_the_same_name_is_no_obstacle(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    task_id = await submitted(tasks_queue)
    await tasks.apply(str(task_id), taskId=str(task_id))
    async with open_desk(tasks, tasks_queue, functions):
        await tasks_queue.fail(await tasks_queue.claim_one())

        await tasks.state(str(task_id), of="DLQ")


async def test_deleting_a_shown_task_cancels_it_and_it_is_not_shown_again(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        task_id = await submitted(tasks_queue)
        task = await tasks_queue.claim_one()
        await tasks.state(str(task_id), of="ACTIVE")
        await tasks.delete(str(task_id))
        await eventually(lambda: _is(tasks_queue, task_id, TaskState.CANCELLED), 5)
        await fenced(tasks)

        assert await tasks.names() == ["fence"]
    assert not await tasks_queue.complete(task)


async def test_failures_that_no_event_told_of_are_shown(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await fenced(tasks)
    bad = await submitted(tasks_queue)
    await tasks_queue.fail(await tasks_queue.claim_one())
    await tasks_queue.client.hset("operator:cursors", "echo", "1-0")
    await tasks_queue.client.xtrim(keys.events("echo"), maxlen=1)

    async with open_desk(tasks, tasks_queue, functions):
        await tasks.state(str(bad), of="DLQ")


async def test_always_makes_up_for_tasks_that_no_event_told_of(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    visible(functions, Visibility.ALWAYS)
    task_id = await submitted(tasks_queue)
    await tasks_queue.complete(await tasks_queue.claim_one())
    async with open_desk(tasks, tasks_queue, functions) as desk:
        desk.desk.missed("echo", since_ms=1)

        await tasks.state(str(task_id), of="COMPLETED")


async def test_a_task_that_was_run_again_over_rest_while_nobody_looked_is_shown_as_it_is(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions) as desk:
        bad = await submitted(tasks_queue)
        await tasks_queue.fail(await tasks_queue.claim_one())
        await tasks.state(str(bad), of="DLQ")
        desk.follower.leave("echo")
        await tasks_queue.queue.redrive(bad)
        await tasks_queue.complete(await tasks_queue.claim_one())
        desk.desk.missed("echo", since_ms=1)

        await tasks.state(str(bad), of="COMPLETED")


def _all_counted(desk: TaskDesk, number: int) -> bool:
    shown = desk.shown("echo")
    return shown.shown + shown.skipped == number


async def _is(q: QueueUnderTest, task_id: TaskId, state: TaskState) -> bool:
    return await q.state(task_id) is state
