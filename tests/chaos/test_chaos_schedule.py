"""Delayed tasks under wrong clocks and dying workers: R11."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from asynctaskflow_testkit.processes import Process, wrong_clock
from asynctaskflow_testkit.stage import Stage, handler
from asynctaskflow_testkit.waiting import eventually

CLOCKS = ("+1h", "-1h")
START_ERROR_MS = 1000


class TwoMovers:
    """Two workers whose clocks are two hours apart, replaced when they end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._numbers: Iterator[int] = count(1)
        self.workers = [self._start(clock) for clock in CLOCKS]

    def revive(self) -> None:
        self.workers = [
            worker if worker.alive else self._start(clock)
            for worker, clock in zip(self.workers, CLOCKS, strict=True)
        ]

    def _start(self, clock: str) -> Process:
        return self._stage.fleet.start_worker(
            handler("echo"),
            f"mover{clock}.{next(self._numbers)}",
            env=wrong_clock(clock),
        )


@pytest.mark.needs("faketime")
async def test_r11_delayed_tasks_start_on_time_by_redis_clock_and_once(stage: Stage) -> None:
    movers = TwoMovers(stage)
    await stage.ready(*movers.workers)
    due_after_ms: dict[str, int] = {}
    for _ in range(stage.many(12)):
        delay_s = stage.dice.uniform(0.5, 8)
        for task_id in await stage.submit("echo", *[{"text": "late"}] * 25, delay_s=delay_s):
            due_after_ms[str(task_id)] = round(delay_s * 1000)
    for victim in range(stage.many(4)):
        await stage.ready(*movers.workers)
        stage.kill(movers.workers[victim % 2])
        movers.revive()
    report = await stage.verdict("echo")
    errors_ms = []
    for task in await asyncio.gather(*map(stage.get, due_after_ms)):
        assert task.started_ms >= task.created_ms + due_after_ms[str(task.id)]
        if task.attempt == 1:
            errors_ms.append(task.started_ms - task.created_ms - due_after_ms[str(task.id)])
    stage.say(f"R11: {len(errors_ms)} tasks, latest start {max(errors_ms)} ms after its time")
    assert max(errors_ms) <= START_ERROR_MS
    assert report.accepted == len(due_after_ms)


async def test_r11_a_worker_killed_right_after_its_claim_delays_a_task_by_one_lease(
    stage: Stage,
) -> None:
    victim = stage.fleet.start_worker(
        handler("echo"), "victim", env={"FAULTPOINT": "after_claim=exit", "ATF_SLOTS": "1"}
    )
    stage.ledger.fault("exit after the claim", worker="victim")
    await stage.ready(victim)
    (task_id,) = await stage.submit("echo", {"text": "claimed and dropped"}, delay_s=0.3)
    await eventually(lambda: not victim.alive, 10)
    assert victim.exit_code == 139
    stage.workers("echo", 1)
    report = await stage.verdict("echo")
    task = await stage.get(str(task_id))
    assert (task.attempt, report.executions) == (2, 1)
