"""Handlers that run over their time: interrupted where they can be, and the worker restarted where not."""

from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.waiting import eventually


async def test_a_handler_over_its_time_is_interrupted(start, submit):
    start("waits", attempt_timeout_s=0.5, max_attempts=2)

    task = await submit("waits", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert (dead.error_class, dead.attempt) == ("timeout", 2)


async def test_a_thread_over_its_time_is_told_and_may_stop(start, submit):
    worker = start("blocks", attempt_timeout_s=0.5, max_attempts=1)

    task = await submit("blocks", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    await eventually(lambda: "cancelled True" in submit.lines(), 5)
    assert worker.code is None


async def test_a_thread_that_does_not_stop_costs_the_worker_a_restart(start, submit):
    worker = start("deaf", attempt_timeout_s=0.3, max_attempts=1)

    task = await submit("deaf", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    assert await worker.exit_code() == 75


async def test_a_coroutine_that_ignores_cancellation_costs_the_worker_a_restart(start, submit):
    worker = start("stubborn", attempt_timeout_s=0.3, max_attempts=1)

    task = await submit("stubborn", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    assert await worker.exit_code() == 75


async def test_a_handler_that_blocks_the_loop_past_its_time_ends_the_process(start, submit):
    worker = await start("spins", slots=2, attempt_timeout_s=0.5, max_deliveries=1).running()
    task = await submit("spins", seconds=60)
    await submit.started()

    assert await worker.exit_code() == 70
    start("echo")
    start("spins", max_deliveries=1)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "worker_lost"


async def test_a_worker_recycles_after_its_number_of_tasks(start, submit):
    worker = start("echo", max_tasks=3)
    tasks = [await submit("echo") for _ in range(5)]

    assert await worker.exit_code(within_s=15) == 75
    states = [(await submit.task(task)).state for task in tasks]

    assert states.count(TaskState.COMPLETED) == 3
    assert states.count(TaskState.PENDING) == 2
