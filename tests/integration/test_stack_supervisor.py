"""The scaling decision driving real worker processes on a real server."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.manifests import BadManifest, load
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.stack import Plan, Stack, running
from asynctaskflow_testkit.waiting import eventually, until

Up = Callable[..., AbstractAsyncContextManager[Stack]]
QUICK = {"idleSeconds": 0.5, "down": {"stabilizationSeconds": 0.5}}


def manifest(name: str, *, handler: str = "", slots: int = 1, **scaling: object) -> dict[str, Any]:
    handler = handler or f"asynctaskflow_testkit.handlers:{name}"
    timeouts = {"leaseSeconds": 2, "graceSeconds": 5}
    spec = {
        "handler": handler,
        "concurrency": {"slotsPerWorker": slots},
        "timeouts": timeouts,
        "scaling": {**QUICK, **scaling},
    }
    return {
        "apiVersion": "asynctaskflow.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": name},
        "spec": spec,
    }


def write(folder: Path, *manifests: dict[str, Any]) -> list[Path]:
    file = folder / "functions.yaml"
    file.write_text(yaml.safe_dump_all(manifests))
    return [file]


@pytest.fixture
def up(tmp_path: Path) -> Up:
    @asynccontextmanager
    async def start(
        *manifests: dict[str, Any], log: io.StringIO | None = None
    ) -> AsyncIterator[Stack]:
        plan = Plan(
            manifests=load(write(tmp_path, *manifests), shipped=False),
            data_dir=tmp_path / "data",
            env=inherited_environment(),
            with_api=False,
            grace_s=5,
        )
        async with running(plan, Console(stream=log or io.StringIO())) as stack:
            yield stack

    return start


async def enqueue(stack: Stack, function: str, count: int, **given: object) -> list[Accepted]:
    body = json.dumps(given).encode()
    answers = await stack.queue.enqueue_many([NewTask(function, body) for _ in range(count)])
    assert all(isinstance(answer, Accepted) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Accepted)]


async def count(stack: Stack, function: str, state: TaskState) -> int:
    return (await stack.queue.depths(function)).states[state]


def fleet(stack: Stack, function: str) -> int:
    return stack.supervisor.managed[function].fleet.replicas


async def test_workers_come_from_zero_do_the_work_and_go(up: Up) -> None:
    async with up(manifest("sleep", maxReplicas=2)) as stack:
        assert fleet(stack, "sleep") == 0
        await enqueue(stack, "sleep", 6, seconds=0.2)

        async def done() -> bool:
            return await count(stack, "sleep", TaskState.COMPLETED) == 6

        await eventually(lambda: fleet(stack, "sleep") == 2, 10)
        await eventually(done, 30)
        await eventually(lambda: not stack.supervisor.managed["sleep"].fleet.members, 15)
        assert not await stack.queue.workers("sleep")


async def test_the_schemas_of_a_handler_are_registered(up: Up) -> None:
    async with up(manifest("sleep")) as stack:
        spec = await stack.queue.spec("sleep")
    assert "seconds" in spec.input_schema["properties"]
    assert "worker" in spec.output_schema["properties"]


async def test_a_scale_down_leaves_a_busy_worker_alone(up: Up) -> None:
    async with up(manifest("sleep", maxReplicas=3)) as stack:
        await enqueue(stack, "sleep", 2, seconds=0.1)
        (long,) = await enqueue(stack, "sleep", 1, seconds=5)
        await eventually(lambda: fleet(stack, "sleep") == 3, 10)
        await eventually(lambda: fleet(stack, "sleep") == 1, 20)
        assert (await stack.queue.get(long.id)).state is TaskState.ACTIVE

        async def finished() -> bool:
            return (await stack.queue.get(long.id)).state is TaskState.COMPLETED

        await eventually(finished, 20)
        assert (await stack.queue.get(long.id)).attempt == 1


async def test_a_task_whose_worker_was_killed_is_finished_by_another(up: Up) -> None:
    log = io.StringIO()
    async with up(manifest("sleep", maxReplicas=1), log=log) as stack:
        (task,) = await enqueue(stack, "sleep", 1, seconds=1.5)

        async def active() -> bool:
            return (await stack.queue.get(task.id)).state is TaskState.ACTIVE

        await eventually(active, 20)
        (member,) = stack.supervisor.managed["sleep"].fleet.members
        os.kill(member.child.pid, signal.SIGKILL)

        async def finished() -> bool:
            return (await stack.queue.get(task.id)).state is TaskState.COMPLETED

        await eventually(finished, 30)
    assert "ended with exit code -9" in log.getvalue()


async def test_a_handler_that_cannot_start_is_tried_ever_more_slowly(
    up: Up, tmp_path: Path
) -> None:
    bad = tmp_path / "sulk.py"
    bad.write_text(
        "from asynctaskflow import Context, function\n"
        "@function(name='sulk')\nasync def sulk(task, ctx: Context): return 1\n"
    )
    log = io.StringIO()
    async with up(manifest("sulk", handler="sulk:sulk"), log=log) as stack:
        bad.write_text("raise SystemExit(2)")
        await enqueue(stack, "sulk", 5)
        await eventually(lambda: "next one in 1 s" in log.getvalue(), 30)
        assert log.getvalue().count("next one in 0.5 s") == 1
        assert log.getvalue().count("after its start") <= 7


async def test_a_handler_beside_its_manifest_runs_without_being_installed(
    up: Up, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from asynctaskflow import Context, function\n"
        "@function(name='mine')\nasync def mine(task, ctx: Context): return task['n'] + 1\n"
    )
    async with up(manifest("mine", handler="mine:mine")) as stack:
        (task,) = await enqueue(stack, "mine", 1, n=41)

        async def result() -> bytes:
            return await stack.queue.result(task.id)

        assert await eventually(result, 20) == b"42"


async def test_a_paused_function_keeps_its_tasks_and_no_workers(up: Up) -> None:
    async with up(manifest("echo")) as stack:
        await stack.queue.pause("echo")
        await enqueue(stack, "echo", 3, text="x")
        await eventually(lambda: stack.supervisor.managed["echo"].last, 5)
        assert fleet(stack, "echo") == 0
        await stack.queue.resume("echo")

        async def done() -> bool:
            return await count(stack, "echo", TaskState.COMPLETED) == 3

        await eventually(done, 20)


async def test_a_delayed_task_at_zero_wakes_a_worker_in_time(up: Up) -> None:
    async with up(manifest("echo")) as stack:
        accepted = await stack.queue.enqueue(NewTask("echo", b"{}", delay_s=4))

        async def finished() -> bool:
            return (await stack.queue.get(accepted.id)).state is TaskState.COMPLETED

        await eventually(finished, 20)
        task = await stack.queue.get(accepted.id)
        assert 4000 <= task.started_ms - task.created_ms < 6000


async def test_a_server_that_is_gone_for_a_while_costs_no_worker(up: Up) -> None:
    log = io.StringIO()
    async with up(manifest("sleep", maxReplicas=1, minReplicas=1), log=log) as stack:
        await eventually(lambda: fleet(stack, "sleep") == 1, 10)
        (member,) = stack.supervisor.managed["sleep"].fleet.members
        servers = [child for child in psutil.Process().children() if "server" in child.name()]
        server = max(servers, key=lambda child: child.create_time())  # others are the session's
        server.suspend()
        try:
            await eventually(lambda: "workers stay as they are" in log.getvalue(), 15)
        finally:
            server.resume()
        await eventually(lambda: "answers again" in log.getvalue(), 15)
        assert stack.supervisor.managed["sleep"].fleet.members == (member,)


async def test_a_manifest_for_another_handler_is_refused(up: Up) -> None:
    wrong = manifest("other", handler="asynctaskflow_testkit.handlers:echo")
    with pytest.raises(BadManifest, match="is function 'echo'"):
        async with up(wrong):
            pass


STACK_PROGRAM = """
import asyncio, sys
from pathlib import Path
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.manifests import load
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.stack import Plan, running

async def main():
    plan = Plan(
        manifests=load([Path(sys.argv[1])], shipped=False),
        data_dir=Path(sys.argv[2]), env=inherited_environment(), with_api=False,
    )
    async with running(plan, Console()) as stack:
        fleet = stack.supervisor.managed["sleep"].fleet
        while not fleet.members:
            await asyncio.sleep(0.05)
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    (file,) = write(tmp_path, manifest("sleep", minReplicas=1))
    argv = [sys.executable, "-c", STACK_PROGRAM, str(file), str(tmp_path / "data")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"up\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
        parent.kill()
    until(lambda: not psutil.wait_procs(children, timeout=0)[1], 10)
