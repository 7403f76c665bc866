"""From zero to many and back without stranding a task: R12, on the local stack's supervisor."""

import asyncio
from pathlib import Path

import pytest

from asynctaskflow_testkit.lifetime import free_port
from asynctaskflow_testkit.processes import ATF, Process
from asynctaskflow_testkit.stage import Stage
from asynctaskflow_testkit.waiting import eventually

COLD_START_S = 8.0  # a worker's start on a busy two-core machine, and one look of the supervisor
MANIFEST = """
apiVersion: asynctaskflow.dev/v1alpha1
kind: Function
metadata:
  name: {name}
spec:
  handler: asynctaskflow_testkit.handlers:{name}
  timeouts: {{leaseSeconds: 2, graceSeconds: 3}}
  scaling:
    maxReplicas: 3
    idleSeconds: 0.5
    down: {{stabilizationSeconds: 0.2}}
"""


@pytest.fixture
async def stack(stage: Stage, tmp_path: Path) -> Process:
    """``atf up`` with the functions echo and sleep and no workers yet."""
    functions = tmp_path / "functions"
    for name in ("echo", "sleep"):
        folder = functions / name
        folder.mkdir(parents=True)
        (folder / "function.yaml").write_text(MANIFEST.format(name=name))
    port = free_port()
    command = [ATF, "up", "--no-shipped"]
    command += ["--functions", str(functions), "--redis-url", stage.server.url]
    command += ["--port", str(port), "--grace", "3", "--data-dir", str(tmp_path / "data")]
    env = {"ATF_AUTH": "off", "XDG_STATE_HOME": str(tmp_path / "state")}
    process = stage.fleet.start("stack", command, env=env, port=port)
    await stage.ready(process)
    return process


async def _workers(stage: Stage, function: str) -> int:
    return sum(one.state == "running" for one in await stage.queue.workers(function))


async def _is_at_zero(stage: Stage, function: str) -> bool:
    return not await _workers(stage, function)


async def test_r12_a_burst_is_drained_from_zero_and_the_workers_go_again(
    stage: Stage, stack: Process
) -> None:
    assert await _is_at_zero(stage, "echo")
    await stage.submit("echo", *[{"text": "burst"}] * stage.many(2000))
    await stage.drained("echo", 30)
    await eventually(lambda: _is_at_zero(stage, "echo"), 15, what="no worker is left")
    assert stack.alive
    await stage.verdict("echo")


async def test_r12_a_task_that_comes_while_the_last_worker_leaves_is_not_stranded(
    stage: Stage, stack: Process
) -> None:
    await stage.submit("echo", {"text": "the first"})
    await stage.drained("echo", 20)
    waits_ms = []
    for _ in range(stage.many(6)):
        await eventually(lambda: _is_leaving(stage), 15, what="the last worker leaves")
        await asyncio.sleep(stage.dice.uniform(0, 0.3))  # where in the leaving, the seed decides
        (task_id,) = await stage.submit("echo", {"text": "just now"})
        await stage.drained("echo", COLD_START_S + 5)
        task = await stage.queue.get(task_id)
        waits_ms.append(task.started_ms - task.created_ms)
    stage.say(f"R12: waits from the instant of scale-down {waits_ms} ms")
    assert max(waits_ms) <= COLD_START_S * 1000
    await stage.verdict("echo")


async def _is_leaving(stage: Stage) -> bool:
    """No worker claims any more: drained, draining or gone."""
    return not [one for one in await stage.queue.workers("echo") if one.state == "running"]


async def test_r12_a_delayed_task_brings_a_worker_in_time_and_a_running_one_keeps_it(
    stage: Stage, stack: Process
) -> None:
    (task_id,) = await stage.submit("sleep", {"seconds": 3.0}, delay_s=2)
    await stage.drained("sleep", 2 + 3 + COLD_START_S)
    task = await stage.queue.get(task_id)
    assert 2000 <= task.started_ms - task.created_ms <= (2 + COLD_START_S) * 1000
    report = await stage.verdict("sleep")
    assert report.executions == 1
