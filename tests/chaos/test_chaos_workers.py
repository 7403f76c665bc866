"""Workers that die, leave, freeze or block: R01 to R04, R10."""

import asyncio
import os
import signal
import statistics
import time

import pytest

from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_testkit.ledger import Ran
from asynctaskflow_testkit.processes import Process, Supervisor
from asynctaskflow_testkit.stage import LEASE_MS, MAX_DELIVERIES, Stage, metric, recoveries_s
from asynctaskflow_testkit.waiting import eventually

LEASE_S = LEASE_MS / 1000


def _holder(stage: Stage, task_id: TaskId, workers: list[Process]) -> Process:
    """The worker that has started the task."""
    started = [ran.worker for ran in stage.ledger.of(Ran) if ran.id == str(task_id)]
    found = [worker for worker in workers if started[-1:] == [worker.name]]
    assert found
    return found[0]


async def _quorum(stage: Stage, supervisor: Supervisor) -> list[Process]:
    """Replace the dead; a list of the running ones once most of them run."""
    supervisor.revive()
    running = await stage.running("sleep", supervisor)
    return running if len(running) >= 3 else []


async def test_r01_killed_workers_lose_nothing_and_their_tasks_run_again_in_time(
    stage: Stage,
) -> None:
    kills = stage.many(15)
    supervisor = stage.workers("sleep", 4, env={"ATF_SLOTS": "2"})
    await stage.ready(*supervisor.workers.values())
    async with stage.watching_leases("sleep"):
        for _ in range(kills):
            if await stage.unfinished("sleep") < 80:
                await stage.submit("sleep", *[{"seconds": 0.1}] * 80)
            running = await eventually(lambda: _quorum(stage, supervisor), 20)
            stage.kill(stage.dice.choice(running))
        supervisor.revive()
        await stage.drained("sleep", 60)
    report = await stage.verdict("sleep")
    recovered = recoveries_s(stage.ledger)
    assert len(recovered) >= kills, "the kills hit idle workers"
    slowest, usual = statistics.quantiles(recovered, n=100)[-1], statistics.median(recovered)
    stage.say(f"R01: {len(recovered)} recoveries, median {usual:.2f} s, p99 {slowest:.2f} s")
    # Of the slowest, most is the start of new workers on a machine that starts many: told, not judged.
    assert usual <= LEASE_S + 2
    assert report.duplicates <= kills * 2  # each kill touches at most both slots


async def test_r02_a_rolling_update_repeats_no_short_task_and_burns_no_attempt(
    stage: Stage,
) -> None:
    grace = {"ATF_GRACE_S": "1.5", "ATF_SLOTS": "4"}
    supervisor = stage.workers("sleep", 4, env=grace)
    await stage.ready(*supervisor.workers.values())
    long = await stage.submit("sleep", *[{"seconds": 4.0}] * 3)
    short: list[TaskId] = []
    holder = await eventually(lambda: _holder(stage, long[0], [*supervisor.workers.values()]), 5)
    slots = sorted(supervisor.workers, key=lambda slot: supervisor.workers[slot] is not holder)
    for slot in slots * stage.many(1):
        short += await stage.submit("sleep", *[{"seconds": 0.2}] * 8)
        worker = supervisor.workers[slot]
        before = time.monotonic()
        worker.send(signal.SIGTERM)
        code = await asyncio.to_thread(worker.wait, 10)
        assert code == 0, worker.log()
        assert time.monotonic() - before <= 1.5 + 1
        supervisor.revive()
        await stage.ready(supervisor.workers[slot])
    await stage.verdict("sleep")
    starts = [ran.id for ran in stage.ledger.of(Ran) if ran.edge == "start"]
    assert all(starts.count(str(task_id)) == 1 for task_id in short)
    assert any(starts.count(str(task_id)) > 1 for task_id in long), "no long task was handed back"
    for task_id in long:
        task = await stage.queue.get(task_id)
        assert (task.attempt, task.failures) == (1, 0)


async def _freeze_the_holder(stage: Stage, function: str) -> tuple[TaskId, Process, Process]:
    """SIGSTOP the worker that runs the only task until the other one has completed it, then SIGCONT."""
    supervisor = stage.workers(function, 2, env={"ATF_SLOTS": "1"})
    workers = list(supervisor.workers.values())
    await stage.ready(*workers)
    (task_id,) = await stage.submit(function, {"seconds": 1.0})
    holder = await eventually(lambda: _holder(stage, task_id, workers), 5)
    stage.ledger.fault("SIGSTOP", worker=holder.name)
    holder.send(signal.SIGSTOP)
    await stage.drained(function, LEASE_S + 5)
    holder.send(signal.SIGCONT)
    await eventually(lambda: "lease_lost" in holder.log(), 5)
    return task_id, holder, next(worker for worker in workers if worker is not holder)


async def test_r03_a_frozen_worker_loses_its_task_and_its_late_write_is_refused(
    stage: Stage,
) -> None:
    task_id, zombie, heir = await _freeze_the_holder(stage, "spin")
    rejected = await eventually(lambda: metric(zombie, "atf_stale_writes_rejected_total"), 5)
    assert rejected == 1
    await stage.verdict("spin", stale_rejected=int(rejected))
    assert (await stage.queue.get(task_id)).worker == heir.name


async def test_r03_a_frozen_worker_whose_handler_waits_notices_the_loss_itself(
    stage: Stage,
) -> None:
    task_id, zombie, heir = await _freeze_the_holder(stage, "sleep")
    assert await metric(zombie, "atf_tasks_completed_total") == 0
    await stage.verdict("sleep")
    assert (await stage.queue.get(task_id)).worker == heir.name


@pytest.mark.parametrize(
    ("function", "isolation"),
    [("spin", "auto"), ("hold", "process")],
    ids=["the event loop is blocked", "the interpreter lock is held"],
)
async def test_r04_a_handler_that_blocks_for_three_leases_keeps_its_task(
    stage: Stage, function: str, isolation: str
) -> None:
    supervisor = stage.workers(function, 2, env={"ATF_SLOTS": "1", "ATF_ISOLATION": isolation})
    await stage.ready(*supervisor.workers.values())
    async with stage.watching_leases(function):
        (task_id,) = await stage.submit(function, {"seconds": 3 * LEASE_S})
        await stage.drained(function, 30)
    report = await stage.verdict(function)
    assert report.executions == 1
    assert (await stage.queue.get(task_id)).attempt == 1
    assert max(stage.overdue_ms) == 0, "the lease was not renewed in time"


async def test_r10_a_poison_pill_takes_down_as_many_workers_as_allowed_and_no_neighbour(
    stage: Stage,
) -> None:
    neighbours = stage.many(200)
    supervisor = stage.workers("exit", 2, env={"ATF_SLOTS": "4"})
    await stage.ready(*supervisor.workers.values())
    harmless = [{"die": False, "seconds": 0.02}] * neighbours
    await stage.submit("exit", *harmless[: neighbours // 2])
    (pill,) = await stage.submit("exit", {"die": True, "seconds": 0.01})
    healthy = await stage.submit("exit", *harmless[neighbours // 2 :])
    deaths: list[Process] = []

    async def is_over() -> bool:
        ended = supervisor.revive()
        deaths.extend(ended)
        for worker in ended:
            stage.ledger.fault("exit", worker=worker.name)
        return await stage.unfinished("exit") == 0

    await eventually(is_over, 60, what="all tasks are terminal")
    report = await stage.verdict("exit")
    dead = await stage.queue.get(pill)
    assert [worker.exit_code for worker in deaths] == [139] * MAX_DELIVERIES
    assert (dead.state, dead.error_class) == (TaskState.DLQ, "worker_lost")
    assert [entry.event for entry in dead.history] == ["lease_expired"] * MAX_DELIVERIES
    assert len(dead.input_sha256) == 64
    assert report.states == {"COMPLETED": neighbours, "DLQ": 1}
    assert (await stage.queue.get(healthy[-1])).state == TaskState.COMPLETED
    assert os.getpid() not in {worker.pid for worker in deaths}
