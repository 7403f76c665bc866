"""How a worker starts: manifest, environment, registration, and what it says when it cannot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_testkit.settings import environment
from asynctaskflow_testkit.waiting import eventually

HERE = Path(__file__).parent


async def test_the_manifest_counts_and_the_environment_wins(start, queue, submit, tmp_path):
    manifest = tmp_path / "function.yaml"
    manifest.write_text(
        "apiVersion: asynctaskflow.dev/v1alpha1\nkind: Function\nmetadata: {name: echo}\n"
        "spec: {handler: 'worker_handlers:echo', concurrency: {slotsPerWorker: 7}}\n"
    )
    worker = await start("echo", manifest=manifest).running()
    other = await start("echo", manifest=manifest, slots=2).running()

    assert worker.events("worker_running")[0]["slots"] == 7
    assert other.events("worker_running")[0]["slots"] == 2
    assert (await queue.queue.spec("echo")).concurrency.slots_per_worker == 7


async def test_the_registered_spec_is_kept_and_completed_with_schemas(start, queue):
    spec = FunctionSpec(handler="worker_handlers:greets", description="says hello")
    await queue.queue.register("greets", spec)

    await start("greets").running()
    registered = await queue.queue.spec("greets")

    assert registered.description == "says hello"
    assert set(registered.input_schema["properties"]) == {"name", "times"}


async def test_a_pod_does_not_bring_back_a_function_that_was_deleted(start, queue):
    worker = await start("greets", pod="pod-1").running()

    assert await queue.queue.functions() == []
    assert worker.code is None


async def test_a_handler_of_another_name_is_refused(start):
    worker = start("greets", function="echo")

    assert await worker.exit_code() == 2


async def test_a_worker_tells_redis_what_it_does(start, queue, submit):
    worker = await start("waits", slots=3, pod="pod-1").running()
    await submit("waits", seconds=60)
    await submit.started()

    async def told():
        infos = await queue.queue.workers("waits")
        assert [info.active for info in infos] == [1]
        return infos[0]

    info = await eventually(told, 5)

    assert (info.state, info.slots, info.pid, info.pod) == (
        "running",
        3,
        worker.process.pid,
        "pod-1",
    )


def test_describe_prints_the_function_as_json():
    command = [sys.executable, "-m", "asynctaskflow.worker.main", "worker_handlers:greets"]
    told = subprocess.run([*command, "--describe"], cwd=HERE, capture_output=True, check=True)

    described = json.loads(told.stdout)

    assert described["name"] == "greets"
    assert described["inputSchema"]["required"] == ["name"]


@pytest.mark.parametrize(
    ("handler", "env", "told"),
    [
        ("worker_handlers:nothing", {}, "not decorated with @function"),
        ("no_such_module:f", {}, "cannot import 'no_such_module'"),
        ("nonsense", {}, "expected module:function"),
        ("worker_handlers:echo", {"ATF_SLOTS": "0"}, "ATF_SLOTS: Input should be greater"),
        ("worker_handlers:echo", {"ATF_MANIFEST": "missing.yaml"}, "missing.yaml: No such file"),
    ],
)
def test_a_start_that_cannot_work_says_why_in_one_line(handler, env, told):
    done = subprocess.run(
        [sys.executable, "-m", "asynctaskflow.worker.main", handler],
        cwd=HERE,
        env={**environment(), **env},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
