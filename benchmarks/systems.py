"""The systems that are compared: which adapter each has, and under which interpreter it runs."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.settings import Place, inherited

ROOT = Path(__file__).resolve().parents[1]
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
OURS = "asynctaskflow"
OURS_PYTHON = Path(sys.executable)
DESCRIBE_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class System:
    """One queue under test.

    Attributes:
        module: its adapter.
        worker: arguments of the interpreter that start one worker process; ``{number}`` and ``{url}`` are
            filled in.
        environment: of its processes, beside the usual; ``{url}`` and ``{lease_s}`` are filled in.
        tasks: no-ops of one drain, enough for some seconds.
        bulk: whether it enqueues many in one call.
        concurrent: whether callers may enqueue at once in one process.
    """

    name: str
    module: str
    python: Path
    worker: Sequence[str]
    environment: Mapping[str, str]
    tasks: int
    bulk: bool
    concurrent: bool
    settings: str

    def worker_command(self, number: int, where: Place) -> list[str]:
        """What starts the worker of that number."""
        words = [word.format(number=number, url=where.redis_url) for word in self.worker]
        return [str(self.python), *words]

    def child_environment(self, where: Place) -> dict[str, str]:
        """The environment of its processes."""
        own = {
            name: value.format(url=where.redis_url, lease_s=where.lease_s)
            for name, value in self.environment.items()
        }
        return {**inherited(), **where.environment(), **own}

    def producer_command(self) -> list[str]:
        """What starts the producer."""
        return [str(self.python), "-m", "benchmarks.producing", self.module]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of ``CATALOGUE``."""

    name: str
    module: str
    python: Path


CATALOGUE = (
    Entry(OURS, "asynctaskflow_queue", OURS_PYTHON),
    Entry("taskiq-list", "taskiq_list", PEER_PYTHON),
    Entry("taskiq-stream", "taskiq_stream", PEER_PYTHON),
    Entry("saq", "saq_queue", PEER_PYTHON),
    Entry("huey", "huey_queue", PEER_PYTHON),
    Entry("dramatiq", "dramatiq_actors", PEER_PYTHON),
    Entry("celery", "celery_threads", PEER_PYTHON),
    Entry("rq", "rq_simple", PEER_PYTHON),
)


def find(entry: Entry, where: Place) -> System | None:
    """The system as its adapter describes it; ``None`` if its library is not installed."""
    module = f"benchmarks.peers.{entry.module}"
    command = [str(entry.python), "-m", "benchmarks.producing", module, "describe"]
    if not entry.python.exists():
        return None
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited(), **where.environment()},
        capture_output=True,
        text=True,
        timeout=DESCRIBE_WITHIN_S,
        check=False,
    )
    if "ModuleNotFoundError" in ended.stderr:
        return None
    if ended.returncode:
        raise RuntimeError(f"{entry.name}: its adapter does not load: {ended.stderr[-2000:]}")
    said = json.loads(ended.stdout)
    return System(name=entry.name, module=module, python=entry.python, **said)
