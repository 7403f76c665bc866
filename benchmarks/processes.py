"""Starts, freezes and kills what is measured: whole process groups, by their id, and nothing else."""

import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from asynctaskflow_testkit.lifetime import Closing
from benchmarks.settings import Place
from benchmarks.systems import ROOT, System

PR_SET_PDEATHSIG = 1
END_WITHIN_S = 10.0
LOG_TAIL_CHARS = 2000
_LIBC = ctypes.CDLL(None)


def _dies_with_parent() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A process that leads a group of its own, so that its children end with it."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], log: Path, talks: bool = False
    ) -> None:
        """Start it; ``talks`` gives it pipes instead of the log for its input and output."""
        self._log = log
        with log.open("ab") as sink:
            self.popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=_dies_with_parent,
                text=True,
            )

    @property
    def pid(self) -> int:
        """Its process id, and its group's."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def log(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-LOG_TAIL_CHARS:]

    def signal(self, number: signal.Signals) -> None:
        """Send to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL the whole group, frozen or not."""
        self.signal(signal.SIGKILL)
        self.popen.wait(END_WITHIN_S)
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()


class Producer(Child):
    """The process that enqueues."""

    def order(self, do: str, **details: Any) -> dict[str, Any]:
        """Have one thing done and wait for it."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        with suppress(BrokenPipeError):
            self.popen.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError(f"the producer ended: {self.log()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Crew(Closing):
    """The producer and the workers of one system; kills them all when closed."""

    def __init__(self, system: System, *, where: Place, folder: Path) -> None:
        """Start the producer; it is there when it answers its first order."""
        self._where = where
        self._env = system.child_environment(where)
        self._system = system
        self._folder = folder
        self.workers: list[Child] = []
        self.producer = Producer(
            system.producer_command(), env=self._env, log=folder / "producer.log", talks=True
        )

    def hire(self) -> Child:
        """Start one more worker process."""
        number = len(self.workers) + 1
        worker = Child(
            self._system.worker_command(number, self._where),
            env=self._env,
            log=self._folder / f"worker-{number}.log",
        )
        self.workers.append(worker)
        return worker

    def freeze(self) -> None:
        """Stop all workers where they are: what is enqueued now stays in the queue."""
        for worker in self.workers:
            worker.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all workers go on."""
        for worker in self.workers:
            worker.signal(signal.SIGCONT)

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(child.log() for child in (self.producer, *self.workers))

    def close(self) -> None:
        """End its processes."""
        for worker in self.workers:
            worker.kill()
        self.producer.kill()
