"""The processes of one cluster: started in its network, remembered on disk by pid, ended by that pid only."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from asynctaskflow_testkit.kubernetes.network import Network
from asynctaskflow_testkit.kubernetes.settings import HarnessSettings
from asynctaskflow_testkit.waiting import NotInTimeError, until

STOP_TIMEOUT_S = 20.0


class Processes:
    """Named processes that outlive the one that started them: a person keeps a cluster for hours."""

    def __init__(self, folder: Path, network: Network) -> None:
        """Nothing is started; what an earlier process started is known from the folder."""
        self._folder = folder
        self._network = network
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process; its output goes to ``<name>.log``, and how to start it again is remembered."""
        words, log = self._network.inside(command), str(self._folder / f"{name}.log")
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawnp(
            words[0],
            words,
            HarnessSettings.environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        record = {"pid": pid, "born": _born(pid), "command": list(command)}
        (self._folder / f"{name}.json").write_text(json.dumps(record))

    def start_again(self, name: str) -> None:
        """Start a process that was stopped, as it was started before."""
        self.start(name, self._record(name)["command"])

    def stop(self, name: str, *, kill: bool = False) -> None:
        """End a process and wait until it is gone; fine if it is gone already."""
        pid = self.pid(name)
        if pid is None:
            return
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            until(lambda: self.pid(name) is None, STOP_TIMEOUT_S, what=f"{name} ends")
        except NotInTimeError:
            os.kill(pid, signal.SIGKILL)
            until(lambda: self.pid(name) is None, STOP_TIMEOUT_S, what=f"{name} is killed")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP.

        Raises:
            ProcessLookupError: it does not run.
        """
        pid = self.pid(name)
        if pid is None:
            raise ProcessLookupError(name)
        os.kill(pid, number)

    def pid(self, name: str) -> int | None:
        """The process, if it still is the one that was started: its number may be another's by now."""
        with suppress(FileNotFoundError):
            record = self._record(name)
            pid = int(record["pid"])
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if record["born"] and _born(pid) == record["born"]:
                return pid
        return None

    def await_ready(
        self, name: str, ready: Callable[[], bool], *, within_s: float, revive: bool = False
    ) -> None:
        """Wait until a process answers; with ``revive`` one that ends before that is started again.

        Raises:
            RuntimeError: it ended or did not answer in time; with the end of its log.
        """

        def is_settled() -> bool:
            has_ended = self.pid(name) is None
            if has_ended and revive:
                self.start_again(name)
            return ready() or (has_ended and not revive)

        with suppress(NotInTimeError):
            until(is_settled, within_s, what=name)
        if self.pid(name) is None or not ready():
            raise RuntimeError(f"{name} did not come up:\n{self.log_end(name)}")

    def log_end(self, name: str, *, lines: int = 15) -> str:
        """The last lines that a process has written."""
        with suppress(FileNotFoundError):
            text = (self._folder / f"{name}.log").read_text(errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def _record(self, name: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads((self._folder / f"{name}.json").read_text())
        return record


def _born(pid: int) -> str:
    """When a process started, in ticks since boot; blank if there is none, or only its corpse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
