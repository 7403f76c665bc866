"""What a handler reaches beyond its input: blobs by reference, and dependencies."""

import pytest

from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask


async def test_a_large_result_is_stored_by_reference_and_can_be_read(start, queue, submit):
    start("enlarges", max_inline_result_bytes=1000)

    task = await submit("enlarges", size_bytes=5000)
    done = await submit.reaches(task, TaskState.COMPLETED)
    reader = await submit("enlarges", ref=done.result_ref)
    await submit.reaches(reader, TaskState.COMPLETED)

    assert done.result_ref.startswith("redis:enlarges/")
    assert await queue.queue.result(task) == b""
    assert await submit.result(reader) == {"read": 5002}


async def test_an_input_by_reference_is_fetched(start, queue, submit):
    start("enlarges")
    blobs = FunctionBlobs(RedisBlobs(queue.client), "enlarges", max_bytes=1000)
    ref = await blobs.put(b'{"size_bytes": 3}', name="input")

    new = NewTask("enlarges", b"", input_ref=ref)
    task = (await queue.queue.enqueue(new)).id
    await submit.reaches(task, TaskState.COMPLETED)

    assert await queue.queue.result(task) == b'"xxx"'


async def test_a_lost_blob_is_dead_lettered(start, queue, submit):
    start("enlarges")

    new = NewTask("enlarges", b"", input_ref="redis:enlarges/gone")
    task = (await queue.queue.enqueue(new)).id
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "blob_not_found"


@pytest.mark.parametrize(
    ("function", "isolation"),
    [("calls", "auto"), ("calls-sync", "auto"), ("calls-sync", "process")],
)
async def test_a_declared_dependency_can_be_called(start, submit, function, isolation):
    start(function.replace("-", "_"), isolation=isolation)

    task = await submit(function)
    await submit.reaches(task, TaskState.COMPLETED)

    assert await submit.result(task) == "answer"


async def test_an_open_breaker_pauses_claims_and_burns_no_attempt(start, queue, submit):
    policy = BreakerPolicy(min_calls=2, open_seconds=1.5, window_seconds=30)
    await RedisDependencies(queue.client).register("upstream", DependencySpec(breaker=policy))
    start("calls", slots=1, max_attempts=50)
    broken = [await submit("calls", broken=True) for _ in range(2)]
    await submit.started(2)

    waiting = [await submit("calls") for _ in range(3)]
    done = [await submit.reaches(task, TaskState.COMPLETED) for task in waiting]

    assert [task.attempt for task in done] == [1, 1, 1]
    assert broken
