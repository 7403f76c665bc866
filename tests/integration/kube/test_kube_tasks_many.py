"""Hundreds and thousands of Tasks: within the write budget, in little memory, known in seconds."""

import asyncio
import gc
import time
import tracemalloc

import pytest

from asynctaskflow.model.function import FunctionSpec, History
from asynctaskflow.model.task import TaskState
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.rules.task_intent import sight
from asynctaskflow_operator.tasks.book import TaskBook
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

AT_ONCE = 500
KNOWN = 5000
BYTES_EACH = 1000


@pytest.mark.needs("kubernetes")
@pytest.mark.slow
async def test_five_hundred_at_once_end_within_the_budget_and_cost_one_status_each(
    tasks: Cluster, tasks_queue: QueueUnderTest, functions: Functions
):
    room = asyncio.Semaphore(16)

    async def apply(number: int) -> None:
        async with room:
            await tasks.apply(f"t{number}", input={"n": number})

    began_s = time.monotonic()
    async with (
        at_work(tasks_queue) as ran,
        open_desk(tasks, tasks_queue, functions, writes_per_s=50, writes_burst=100) as desk,
    ):
        await asyncio.gather(*(apply(number) for number in range(AT_ONCE)))
        await eventually(lambda: desk.writes()["patch"] >= AT_ONCE, 60)
        took_s = time.monotonic() - began_s

        async def all_completed() -> bool:  # the last write is counted before it has arrived
            found = await tasks.kube.list(Kind.TASK)
            return [one["status"]["state"] for one in found] == ["COMPLETED"] * AT_ONCE

        await eventually(all_completed, 30)
        assert len(set(ran)) == len(ran) == AT_ONCE
        assert desk.writes() == {"patch": AT_ONCE}
        assert 100 + 50 * took_s >= AT_ONCE


async def test_an_operator_knows_thousands_of_finished_tasks_at_once_and_writes_nothing(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    history = History(resource_limit=KNOWN)
    functions.specs["echo"] = FunctionSpec(handler="handlers:echo", history=history)
    for number in range(KNOWN):
        fake.add_silently(finished(f"t{number}"))
    async with (
        at_work(tasks_queue),
        open_desk(tasks, tasks_queue, functions, task_resources_max=10_000) as desk,
    ):
        await eventually(lambda: len(desk.desk) == KNOWN, 10)
        await tasks.apply("one")
        await tasks.state("one", of="COMPLETED")

        assert fake.writes == {("apply", Kind.TASK): 1, ("patch", Kind.TASK): 1}


async def test_thousands_of_unfinished_tasks_are_taken_up_by_an_operator_that_starts_again(
    tasks_queue: QueueUnderTest, functions: Functions
):
    tasks, fake = fake_cluster()
    for number in range(KNOWN):
        fake.add_silently({**finished(f"t{number}"), "status": {}})
    async with open_desk(tasks, tasks_queue, functions):
        await eventually(lambda: _pending(tasks_queue, KNOWN), 20)
    async with open_desk(tasks, tasks_queue, functions) as desk:
        await eventually(lambda: len(desk.desk) == KNOWN, 10)
        await tasks.apply("one")
        await eventually(lambda: _pending(tasks_queue, KNOWN + 1), 20)


def test_a_known_task_takes_little_memory():
    bodies = [finished(f"task-number-{number}") for number in range(KNOWN)]
    book = TaskBook()
    gc.collect()
    tracemalloc.start()
    try:
        for number, body in enumerate(bodies):
            uid = f"00000000-0000-4000-8000-{number:012x}"
            book.put(sight({**body, "metadata": {**body["metadata"], "uid": uid}}))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert used / len(book) < BYTES_EACH


def finished(name: str) -> dict:
    result = {"text": "x" * 4000}
    return {
        "apiVersion": Kind.TASK.api_version,
        "kind": Kind.TASK.text,
        "metadata": {"name": name},
        "spec": {"function": "echo", "input": {"text": "x" * 4000}},
        "status": {
            "taskId": "echo-1",
            "state": "COMPLETED",
            "acceptedTime": "2026-11-26T00:00:00.000Z",
            "finishedTime": "2126-11-26T00:00:00.000Z",
            "result": result,
        },
    }


async def _pending(q: QueueUnderTest, number: int) -> bool:
    return (await q.queue.depths("echo")).states[TaskState.PENDING] == number
