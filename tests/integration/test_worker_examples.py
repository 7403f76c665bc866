"""Every folder of ``examples/`` that holds a function is run by its own function.yaml, as a user would."""

import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.worker.manifest import read_manifest
from asynctaskflow_testkit.lifetime import end, spawn
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import start_server
from asynctaskflow_testkit.settings import environment
from asynctaskflow_testkit.waiting import eventually

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/function.yaml"))
HANDLER_LINES = 15
CASES = {
    "word-count": ({"text": "to be or not to be"}, {"to": 2, "be": 2, "or": 1}),
    "quote": ({"symbol": "ATF"}, {"symbol": "ATF", "price": 100.0, "attempt": 1}),
}


@pytest.fixture
async def queue() -> AsyncIterator[tuple[str, QueueUnderTest]]:
    with start_server() as server:
        async with open_queue(server.url) as opened:
            yield server.url, opened


def test_every_example_has_a_case():
    assert {read_manifest(folder / "function.yaml").metadata.name for folder in FOLDERS} == set(
        CASES
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_an_example_runs_as_its_manifest_says(folder, queue, tmp_path):
    url, opened = queue
    manifest = read_manifest(folder / "function.yaml")
    name = manifest.metadata.name
    command = [sys.executable, "-m", "asynctaskflow.worker.main", manifest.spec.handler]
    env = {**environment(), "ATF_REDIS_URL": url, "ATF_MANIFEST": "function.yaml"}
    given, expected = CASES[name]
    worker = spawn(command, log=tmp_path / "worker.log", env=env, cwd=folder)
    try:
        task = (await opened.queue.enqueue(NewTask(name, json.dumps(given).encode()))).id
        done = await eventually(lambda: _completed(opened, task), 15)
        worker.send_signal(signal.SIGTERM)

        assert done
        assert json.loads(await opened.queue.result(task)) == expected
        assert worker.wait(10) == 0
    finally:
        end(worker)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_is_about_fifteen_lines(folder):
    (module,) = folder.glob("*.py")
    code = re.sub(r'""".*?"""', "", module.read_text(), flags=re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]

    assert len(lines) <= HANDLER_LINES


async def _completed(opened: QueueUnderTest, task) -> bool:
    state = await opened.state(task)
    assert state in (TaskState.PENDING, TaskState.ACTIVE, TaskState.COMPLETED), state
    return state is TaskState.COMPLETED
