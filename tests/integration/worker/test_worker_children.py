"""Handlers in processes of their own: crashes, time limits, and that nobody outlives the worker."""

import signal

import psutil

from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.waiting import eventually


async def test_a_child_that_crashes_costs_an_attempt_and_not_the_worker(start, submit):
    worker = start("crashes", isolation="process", max_attempts=2)

    poison = await submit("crashes", poison=True)
    dead = await submit.reaches(poison, TaskState.DLQ)
    good = await submit("crashes")
    await submit.reaches(good, TaskState.COMPLETED)

    assert (dead.error_class, dead.attempt) == ("child_died", 2)
    assert "exit code 7" in dead.error
    assert (await submit.result(good))["pid"] != worker.process.pid


async def test_a_child_over_its_time_is_killed_with_all_that_it_started(start, submit):
    start("forks", isolation="process", attempt_timeout_s=5, max_attempts=1)

    task = await submit("forks")
    dead = await submit.reaches(task, TaskState.DLQ)

    grandchild = int(submit.lines()[0].split()[1])
    assert dead.error_class == "timeout"
    await eventually(lambda: not _runs(grandchild), 3)


async def test_a_child_reports_progress_and_model_results(start, submit):
    start("greets", isolation="process")

    task = await submit("greets", name="Eve")
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert await submit.result(task) == {"text": "Hello Eve! "}
    assert (done.progress, done.note) == (0.5, "half")


async def test_children_do_not_outlive_a_killed_worker(start, submit):
    worker = await start("deaf", isolation="process").running()
    await submit("deaf", seconds=60)
    await submit.started()
    children = psutil.Process(worker.process.pid).children()

    worker.signal(signal.SIGKILL)

    assert children
    await eventually(lambda: not any(_runs(child.pid) for child in children), 3)


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
