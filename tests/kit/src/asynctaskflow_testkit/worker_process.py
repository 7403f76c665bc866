"""An ``atf-worker`` process and the tasks it runs, as a supervisor and a caller see them.

The handlers write to a ledger outside Redis, so what ran is known whatever became of Redis.
"""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.lifetime import LOOPBACK, end, spawn
from asynctaskflow_testkit.settings import environment
from asynctaskflow_testkit.waiting import eventually

START_TIMEOUT_S = 15.0
PROBE_TIMEOUT_S = 5.0


class WorkerProcess:
    """A process whose JSON log and probes are read."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Take over a process that was just started."""
        self.process = process
        self._log = log

    @property
    def code(self) -> int | None:
        """Its exit code; negative for a signal, ``None`` while it runs."""
        return self.process.poll()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What it logged so far, or only the events of that name."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if name in ("", event["event"])]

    def probe(self, path: str) -> tuple[int, str]:
        """Status and text of one of its probes."""
        url = f"http://{LOOPBACK}:{self.events('probes_listening')[0]['port']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """The value of its first sample of ``atf_<name>``."""
        _, text = self.probe("/metrics")
        found = [line for line in text.splitlines() if line.startswith(f"atf_{name}{{")]
        return float(found[0].rpartition(" ")[2])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def running(self) -> "WorkerProcess":
        """Itself, as soon as it claims tasks."""
        await eventually(
            lambda: self.events("worker_running") or self.code is not None, START_TIMEOUT_S
        )
        assert self.code is None, self._log.read_text()
        return self

    async def exit_code(self, within_s: float = 10) -> int:
        """Its exit code, waited for."""
        await eventually(lambda: self.code is not None, within_s, what="worker ended")
        assert self.code is not None
        return self.code


class Submitter:
    """Enqueues tasks that name the ledger, and reads back what became of them."""

    def __init__(self, queue: RedisQueue, ledger: Path) -> None:
        """Submit to that queue."""
        self._queue = queue
        self._ledger = ledger

    async def __call__(self, function: str, **given: object) -> TaskId:
        """Enqueue one task with these fields as its input."""
        payload = json.dumps({"ledger": str(self._ledger), **given}).encode()
        return (await self._queue.enqueue(NewTask(function, payload))).id

    def lines(self) -> list[str]:
        """What handlers wrote, without the process ids."""
        return [line.partition(" ")[2] for line in self._entries()]

    def pids(self) -> set[int]:
        """The processes that wrote it."""
        return {int(line.split()[0]) for line in self._entries()}

    async def task(self, task_id: TaskId) -> Task:
        """The task as it is stored now."""
        return await self._queue.get(task_id)

    async def reaches(self, task_id: TaskId, state: TaskState, within_s: float = 15) -> Task:
        """The task, as soon as it is in that state."""

        async def there() -> Task | None:
            task = await self._queue.get(task_id)
            assert task.state is state, task
            return task

        found = await eventually(there, within_s, what=f"{task_id} {state}")
        assert found is not None
        return found

    async def result(self, task_id: TaskId) -> Any:
        """The task's result."""
        return json.loads(await self._queue.result(task_id))

    async def started(self, times: int = 1) -> None:
        """Wait until handlers have noted that many starts."""
        await eventually(
            lambda: sum(line.startswith("start") for line in self.lines()) >= times, START_TIMEOUT_S
        )

    def _entries(self) -> list[str]:
        return self._ledger.read_text().splitlines() if self._ledger.exists() else []


StartWorker = Callable[..., WorkerProcess]


@contextmanager
def worker_starter(env: Mapping[str, str], *, handlers: Path, logs: Path) -> Iterator[StartWorker]:
    """What starts a worker of one function; all workers that it started end with the block.

    Args:
        env: settings of all of them; a call adds its own by name, ``lease_s=2``.
        handlers: file whose functions they run.
        logs: folder of their logs.
    """
    workers: list[WorkerProcess] = []

    def start(
        function: str, /, *, manifest: Path | None = None, **settings: object
    ) -> WorkerProcess:
        own = {f"ATF_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "asynctaskflow.worker.main", f"{handlers.stem}:{function}"]
        if manifest is not None:
            command += ["--manifest", str(manifest)]
        log = logs / f"worker-{len(workers)}.log"
        process = spawn(command, log=log, env={**environment(), **env, **own}, cwd=handlers.parent)
        workers.append(WorkerProcess(process, log))
        return workers[-1]

    try:
        yield start
    finally:
        for worker in workers:
            end(worker.process)
