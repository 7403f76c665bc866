"""What cannot be submitted says why and stays visible; what cannot be submitted yet waits; neither stops the others."""

from typing import Any

import pytest

from asynctaskflow.blobs.port import NewBlob
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.fake_kube import CREATED
from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.task_desk import Cluster, Functions, at_work, fake_cluster, open_desk
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.task_desk_fixtures"]
pytestmark = pytest.mark.needs("kubernetes")

LOST = "echo-0192f0c4-6ef7-7000-8000-000000000000"


async def test_a_task_may_be_applied_before_its_function(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions) as desk:
        spec = functions.specs.pop("echo")
        await tasks.apply("one")
        status = await tasks.waits("one", reason="FunctionNotFound")
        assert status["error"]["message"] == "waiting for a Function named echo"

        functions.specs["echo"] = spec
        desk.desk.opened("echo")
        status = await tasks.state("one", of="COMPLETED")
    assert "error" not in status


async def test_a_waiting_task_finds_its_function_without_being_told(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions):
        functions.closing.add("echo")
        await tasks.apply("one")
        await tasks.waits("one", reason="FunctionNotReady")
        functions.closing.clear()

        await tasks.state("one", of="COMPLETED")


async def test_a_task_that_waits_can_be_cancelled(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", function="later")
        await tasks.waits("one", reason="FunctionNotFound")
        await tasks.wish("one", desiredState="Cancelled")

        await tasks.state("one", of="CANCELLED")


async def test_a_full_queue_is_waited_for(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    tight = FunctionSpec(handler="handlers:echo", queue=QueueLimits(max_depth=1))
    await tasks_queue.queue.register("echo", tight)
    await tasks_queue.queue.enqueue(NewTask("echo"))
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        await tasks.waits("one", reason="QueueFull")

        async with at_work(tasks_queue):
            await tasks.state("one", of="COMPLETED")


async def test_an_input_that_is_too_large_is_refused(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    functions.specs["echo"] = FunctionSpec(
        handler="handlers:echo", queue=QueueLimits(input_max_bytes=10)
    )
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", input={"text": "too long"})
        status = await tasks.state("one", of="FAILED")

    assert status["reason"] == "InputTooLarge"
    assert "takes 10 inline" in status["error"]["message"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"input": {"pdf_ref": "redis:echo/none"}}, "spec.input.pdf_ref"),
        ({"inputRef": "redis:echo/none"}, "spec.inputRef"),
    ],
)
async def test_an_upload_that_is_not_there_is_named(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions, spec, field
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", **spec)
        status = await tasks.state("one", of="FAILED")

    assert status["reason"] == "UploadNotFound"
    assert status["error"]["message"] == f"{field}: no such upload"


async def test_an_upload_is_kept_for_as_long_as_its_task_and_can_come_later(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    blobs = RedisBlobs(tasks_queue.client)
    blob = await blobs.put(NewBlob("echo", max_bytes=100, ttl_s=60), b"{}")
    await blobs.delete(str(blob))
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", input={"pdf_ref": str(blob)})
        await tasks.state("one", of="FAILED")
        again = await blobs.put(NewBlob("echo", max_bytes=100, ttl_s=60), b"{}")
        await tasks.apply("two", inputRef=str(again))
        await tasks.state("two", of="COMPLETED")

    assert len(ran) == 1
    keys = [key async for key in tasks_queue.client.scan_iter(f"blob:*{again.name.id}*")]
    assert keys
    assert min([await tasks_queue.client.ttl(key) for key in keys]) > 86_400


async def test_a_resource_that_names_a_task_that_is_not_there_says_so(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", taskId=LOST)
        status = await tasks.state("one", of="FAILED")

    assert (status["reason"], status["taskId"]) == ("TaskNotFound", LOST)


async def test_a_start_that_is_years_away_is_refused(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    async with open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one", startAfter="9999-12-31T23:59:59Z")
        status = await tasks.state("one", of="FAILED")

    assert status["error"]["message"] == "spec.startAfter: more than a year away"


HOSTILE = {
    "no-spec": {},
    "no-input": {"function": "echo"},
    "two-inputs": {"function": "echo", "input": {}, "inputRef": "redis:echo/x"},
    "no-mapping": {"function": "echo", "input": [1]},
    "other-function": {"function": "other", "taskId": LOST},
    "no-task-id": {"function": "echo", "taskId": "../../etc"},
    "numbers": {"function": 7, "input": {"a": 1}, "redrives": "many"},
    "odd-ttl": {"function": "echo", "input": {}, "ttlSecondsAfterFinished": "soon"},
    "unknown": {"function": "echo", "input": {}, "privileged": True},
    "surrogate": {"function": "echo", "input": {"a": "\ud800"}},
    "huge-number": {"function": "echo", "input": {"a": 10**40}},
    "odd-time": {"function": "echo", "input": {}, "startAfter": "tomorrow"},
}


async def test_what_the_api_server_should_have_refused_is_refused_here_and_stops_nothing(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, _ = fake_cluster()
    functions.specs["other"] = functions.specs["7"] = functions.specs[""] = functions.specs["echo"]
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions):
        for name, spec in HOSTILE.items():
            await tasks.kube.create(
                {
                    "apiVersion": "asynctaskflow.dev/v1alpha1",
                    "kind": "Task",
                    "metadata": {"name": name},
                    "spec": spec,
                }
            )
        made = await tasks.apply("good")
        await tasks.state("good", of="COMPLETED")
        for name in HOSTILE:
            status = await tasks.state(name, of="FAILED")
            assert status["reason"] == "InvalidInput", name
            assert status["error"]["message"].startswith("spec"), name
            assert status["finishedTime"] > CREATED, "it ended now, not when it was made"

    assert ran == [TaskId("echo", made["metadata"]["uid"])]


async def test_a_body_that_makes_no_sense_is_survived(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, _ = fake_cluster()
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions) as desk:
        for spec, status in ((None, None), ([], []), ("x", "y"), (7, {"state": 7, "redrives": []})):
            body: dict[str, Any] = {
                "metadata": {"name": "odd", "uid": "no-uid"},
                "spec": spec,
                "status": status,
            }
            for what in (None, "ADDED", "MODIFIED", "DELETED"):
                desk.desk.seen(what, body)
        await tasks.apply("good")

        await tasks.state("good", of="COMPLETED")


async def test_a_defect_that_one_object_brings_to_light_stops_no_other(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    fake.broken.add("bad")
    async with at_work(tasks_queue) as ran, open_desk(tasks, tasks_queue, functions):
        await tasks.apply("bad")
        await eventually(lambda: len(ran) == 1, 5)
        await tasks.apply("good")

        await tasks.state("good", of="COMPLETED")
        assert await tasks.status("bad") == {}


async def test_a_result_that_the_api_server_does_not_take_keeps_no_end_from_being_shown(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    fake.picky = True
    async with at_work(tasks_queue), open_desk(tasks, tasks_queue, functions):
        await tasks.apply("one")
        status = await tasks.state("one", of="COMPLETED")

    assert status["resultPath"]
    assert "result" not in status
