"""Workers that die, freeze or crash: their tasks are run again, and nothing is lost or written twice."""

import signal

import pytest

from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_testkit.waiting import eventually
from asynctaskflow_testkit.worker_process import WorkerProcess


@pytest.fixture
async def pair(start, submit) -> tuple[WorkerProcess, WorkerProcess, TaskId]:
    """(the worker that runs the task, an idle one, the task of one second)."""
    one, other = start("waits"), start("waits")
    await one.running()
    await other.running()
    task = await submit("waits", seconds=1.5)
    await submit.started()
    holder, idle = (one, other) if one.process.pid in submit.pids() else (other, one)
    return holder, idle, task


async def test_a_killed_workers_task_is_run_again_by_another(pair, submit):
    holder, idle, task = pair

    holder.signal(signal.SIGKILL)
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == 2
    assert (await submit.result(task))["pid"] == idle.process.pid
    assert idle.metric("leases_expired_total") == 1


async def test_a_frozen_workers_late_result_is_refused_and_counted(pair, submit):
    holder, idle, task = pair

    holder.signal(signal.SIGSTOP)
    done = await submit.reaches(task, TaskState.COMPLETED)
    holder.signal(signal.SIGCONT)
    await eventually(lambda: holder.events("lease_lost"), 10)

    assert (await submit.result(task))["pid"] == idle.process.pid
    assert (await submit.task(task)).updated_ms == done.updated_ms


async def test_a_handler_that_spins_for_three_leases_keeps_its_lease(start, submit):
    await start("spins").running()
    task = await submit("spins", seconds=3.6)
    await submit.started()
    await start("spins").running()

    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == 1
    assert submit.lines() == ["start 1"]


async def test_probes_answer_while_a_handler_blocks_the_loop(start, submit):
    worker = await start("spins").running()
    await submit("spins", seconds=2)
    await submit.started()

    live, ready = worker.probe("/live"), worker.probe("/ready")

    assert (live[0], ready[0]) == (200, 200)
    assert worker.metric("worker_active_tasks") == 1


async def test_a_poison_pill_takes_down_no_more_than_max_deliveries_workers(start, submit):
    poison = await submit("dies", poison=True)
    good = [await submit("dies") for _ in range(20)]

    for _ in range(3):
        start("dies", max_deliveries=2)
    dead = await submit.reaches(poison, TaskState.DLQ)

    assert dead.error_class == "worker_lost"
    assert submit.lines() == ["start 1", "start 2"]
    for task in good:
        await submit.reaches(task, TaskState.COMPLETED)


@pytest.mark.parametrize(
    ("point", "attempt"), [("after_claim", 2), ("before_settle", 2), ("after_settle", 1)]
)
async def test_a_crash_at_any_line_loses_nothing(start, submit, point, attempt):
    worker = start("echo", faultpoint=f"{point}=exit")
    task = await submit("echo")

    assert await worker.exit_code(within_s=15) == 139
    start("echo")
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == attempt
