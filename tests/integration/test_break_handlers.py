"""Whatever a handler does to itself costs one attempt of its own task: not the worker, not a neighbour."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.lifetime import end, spawn
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_server
from asynctaskflow_testkit.settings import environment
from asynctaskflow_testkit.waiting import eventually

HERE = Path(__file__).parent
FAST = {
    "ATF_LEASE_S": "1.2",
    "ATF_REAPER_TICK_S": "0.2",
    "ATF_UNWIND_S": "0.3",
    "ATF_SLOTS": "2",
    "ATF_BACKOFF_BASE_S": "0.05",
    "ATF_BACKOFF_CAP_S": "0.1",
    "ATF_GATE_MAX_S": "0.2",
    "ATF_LOG_FORMAT": "json",
}
Start = Callable[..., subprocess.Popen[bytes]]
KINDS = [
    {"kind": "panic"},
    {"kind": "keyboard_interrupt"},
    {"kind": "stop_iteration"},
    {"kind": "unspeakable"},
    {"kind": "surrogate"},
    {"kind": "class"},
]
DELAYS = [
    {"kind": kind, "which": which}
    for kind in ("retry", "not_now")
    for which in ("text", "nan", "inf", "negative", "none")
]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with start_server() as started:
        yield started


@pytest.fixture
async def queue(server: RedisServer) -> AsyncIterator[QueueUnderTest]:
    server.empty()
    async with open_queue(server.url) as opened:
        yield opened


@pytest.fixture
def start(server: RedisServer, tmp_path: Path) -> Iterator[Start]:
    workers: list[subprocess.Popen[bytes]] = []

    def start_one(function: str, **settings: object) -> subprocess.Popen[bytes]:
        extra = {f"ATF_{name.upper()}": str(value) for name, value in settings.items()}
        env = {**environment(), "ATF_REDIS_URL": server.url, **FAST, **extra}
        command = [sys.executable, "-m", "asynctaskflow.worker.main", f"break_handlers:{function}"]
        workers.append(spawn(command, log=tmp_path / "worker.log", env=env, cwd=HERE))
        return workers[-1]

    yield start_one
    for worker in workers:
        end(worker)


async def submit(q: QueueUnderTest, function: str, *, attempts: int = 1, **given: Any) -> TaskId:
    new = NewTask(function, json.dumps(given).encode(), max_attempts=attempts)
    return (await q.queue.enqueue(new)).id


async def reaches(q: QueueUnderTest, task_id: TaskId, state: TaskState) -> Task:
    async def there() -> Task:
        task = await q.queue.get(task_id)
        assert task.state is state, task
        return task

    return await eventually(there, 30, what=f"{task_id} {state}")


@pytest.mark.parametrize("given", KINDS, ids=lambda given: "-".join(given.values()))
@pytest.mark.parametrize(
    ("function", "isolation"),
    [("hostile", "auto"), ("hostile-plain", "auto"), ("hostile-plain", "process")],
)
async def test_whatever_a_handler_raises_ends_its_attempt_and_not_its_worker(
    start: Start, queue: QueueUnderTest, function: str, isolation: str, given: dict[str, Any]
):
    worker = start(function.replace("-", "_"), isolation=isolation)
    bad = await submit(queue, function, **given)
    good = await submit(queue, function, kind="none")
    task = await reaches(queue, bad, TaskState.DLQ)
    await reaches(queue, good, TaskState.COMPLETED)
    later = await submit(queue, function, kind="none")
    await reaches(queue, later, TaskState.COMPLETED)
    assert (task.attempt, task.failures, worker.poll()) == (1, 1, None)


@pytest.mark.parametrize("given", DELAYS, ids=lambda given: "-".join(given.values()))
@pytest.mark.parametrize("isolation", ["auto", "process"])
async def test_a_delay_that_is_none_postpones_its_own_task_at_most(
    start: Start, queue: QueueUnderTest, isolation: str, given: dict[str, Any]
):
    worker = start("hostile_plain", isolation=isolation)
    bad = await submit(queue, "hostile-plain", attempts=2, **given)
    await eventually(lambda: _ended_once(queue, bad), 30)
    for _ in range(2):
        good = await submit(queue, "hostile-plain", kind="none")
        await reaches(queue, good, TaskState.COMPLETED)
    assert (await queue.queue.get(bad)).history[0].event in ("failed", "handed_back")
    assert worker.poll() is None


async def _ended_once(q: QueueUnderTest, task_id: TaskId) -> bool:
    return bool((await q.queue.get(task_id)).history)


@pytest.mark.parametrize("which", ["true", "decimal", "text", "none", "huge"])
@pytest.mark.parametrize(
    ("function", "isolation"),
    [("hostile", "auto"), ("hostile-plain", "auto"), ("hostile-plain", "process")],
)
async def test_a_report_of_progress_never_ends_its_worker(
    start: Start, queue: QueueUnderTest, function: str, isolation: str, which: str
):
    worker = start(function.replace("-", "_"), isolation=isolation)
    odd = await submit(queue, function, kind="progress", which=which)
    good = await submit(queue, function, kind="none")
    await reaches(queue, good, TaskState.COMPLETED)
    number = which in ("true", "decimal")
    task = await reaches(queue, odd, TaskState.COMPLETED if number else TaskState.DLQ)
    assert (task.deliveries, task.attempt, worker.poll()) == (int(number), 1, None), task


async def test_an_attempt_that_cancels_itself_fails_at_once(start: Start, queue: QueueUnderTest):
    worker = start("hostile", slots=1)
    bad = await submit(queue, "hostile", kind="self_cancel")
    good = await submit(queue, "hostile", kind="none")
    task = await reaches(queue, bad, TaskState.DLQ)
    await reaches(queue, good, TaskState.COMPLETED)
    assert (task.error_class, worker.poll()) == ("cancelled_error", None)


async def test_a_task_postponed_to_now_after_a_pause_does_not_silence_its_worker(
    start: Start, queue: QueueUnderTest, tmp_path: Path
):
    start("postpones")
    ledger = str(tmp_path / "ledger")
    postponed = await submit(queue, "postpones", ledger=ledger, delays=[0.1, 0])
    await reaches(queue, postponed, TaskState.COMPLETED)


async def test_a_child_that_ended_while_idle_costs_the_next_task_nothing(
    start: Start, queue: QueueUnderTest
):
    start("hostile_plain", isolation="process", slots=1)
    first = await submit(queue, "hostile-plain", kind="dies_later")
    await reaches(queue, first, TaskState.COMPLETED)
    pid = json.loads(await queue.queue.result(first))["pid"]
    await eventually(lambda: not psutil.pid_exists(pid), 5)
    second = await submit(queue, "hostile-plain", kind="none")
    await reaches(queue, second, TaskState.COMPLETED)
