"""Real processes for tests: workers and the API as a user starts them, with their output kept.

A ``Fleet`` ends whatever it started, by process id, when it is closed; the kernel does it if the test dies.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from asynctaskflow_testkit.lifetime import LOOPBACK, Closing, end, free_port, spawn
from asynctaskflow_testkit.settings import environment

WORKER = (sys.executable, "-m", "asynctaskflow.worker.main")
API = (sys.executable, "-m", "asynctaskflow_api.main")
ATF = str(Path(sys.executable).parent / "atf")
LOG_TAIL_CHARS = 2000
LOGS_SHOWN = 8


class Process:
    """One child with its log file."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, port: int = 0
    ) -> None:
        """Start it."""
        self.name = name
        self.port = port
        self._log = log
        self._popen = spawn(command, log=log, env=env)
        self.started_s = time.monotonic()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it runs (or is frozen)."""
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """0..255, negative for a signal, ``None`` while it runs."""
        return self._popen.poll()

    @property
    def base_url(self) -> str:
        """Where its HTTP server listens."""
        return f"http://{LOOPBACK}:{self.port}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self.alive:
            self._popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, also when frozen, and wait for the end."""
        end(self._popen)

    def wait(self, timeout_s: float) -> int:
        """Its exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self._popen.wait(timeout_s)

    def log(self) -> str:
        """All that it has written."""
        return self._log.read_text(errors="replace")


class Fleet(Closing):
    """The processes of one test.

    Args:
        folder: for log files.
        env: added to every process's environment.
    """

    def __init__(self, folder: Path, *, env: Mapping[str, str]) -> None:
        """Nothing is started yet."""
        self._folder = folder
        self._env = {**environment(), **env}
        self.processes: list[Process] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> Process:
        """Any program."""
        full = {**self._env, **(env or {})}
        log = self._folder / f"{name}.log"
        process = Process(name, command, env=full, log=log, port=port)
        self.processes.append(process)
        return process

    def start_worker(
        self,
        handler: str,
        worker_id: str,
        *,
        env: Mapping[str, str] | None = None,
    ) -> Process:
        """An ``atf-worker``.

        Args:
            handler: ``module:function``.
            worker_id: also its name in the ledger and in Redis.
            env: settings beside those of the fleet.
        """
        port = free_port()
        own = {"ATF_WORKER_ID": worker_id, "ATF_PROBE_PORT": str(port), **(env or {})}
        return self.start(worker_id, [*WORKER, handler], env=own, port=port)

    def start_api(self, name: str = "api", *, env: Mapping[str, str] | None = None) -> Process:
        """An ``atf-api`` without authentication, on a port of its own."""
        port = free_port()
        own = {"ATF_AUTH": "off", "ATF_API_PORT": str(port), **(env or {})}
        return self.start(name, API, env=own, port=port)

    def logs(self) -> str:
        """The ends of the last logs, for a failed test's report."""
        shown = self.processes[-LOGS_SHOWN:]
        return "\n".join(
            f"--- {process.name} (exit {process.exit_code})\n{process.log()[-LOG_TAIL_CHARS:]}"
            for process in shown
        )

    def close(self) -> None:
        """Kill everything that still runs."""
        for process in self.processes:
            process.kill()


def wrong_clock(offset: str) -> dict[str, str]:
    """Environment of a process whose wall clock is off by ``offset``, such as ``+1h``; its durations are right.

    The program ``faketime`` only names its library here: as a parent it would take the signals meant for
    the process, and leave it behind when it is killed.
    """
    words = ["faketime", "-f", offset, "env"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    found = dict(
        line.split("=", 1) for line in lines if line.startswith(("LD_PRELOAD=", "FAKETIME="))
    )
    return {**found, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Supervisor:
    """Keeps a number of workers of one handler alive: starts another for each that ends.

    Each start has a name of its own, ``<name>-<slot>.<start>``, so that faults can be told apart.
    """

    def __init__(
        self, fleet: Fleet, handler: str, *, name: str = "w", env: Mapping[str, str] | None = None
    ) -> None:
        """No worker runs yet."""
        self._fleet = fleet
        self._handler = handler
        self._name = name
        self._env = env
        self._starts: dict[int, int] = {}
        self.workers: dict[int, Process] = {}

    def scale(self, count: int) -> None:
        """Start workers up to ``count`` slots."""
        for slot in range(len(self.workers), count):
            self._start(slot)

    def revive(self) -> list[Process]:
        """Replace the workers that have ended; returns those that had."""
        ended = [(slot, worker) for slot, worker in self.workers.items() if not worker.alive]
        for slot, _ in ended:
            self._start(slot)
        return [worker for _, worker in ended]

    def _start(self, slot: int) -> None:
        number = self._starts[slot] = self._starts.get(slot, 0) + 1
        worker_id = f"{self._name}{slot}.{number}"
        self.workers[slot] = self._fleet.start_worker(self._handler, worker_id, env=self._env)
