"""Child processes that can never outlive the test session that started them."""

import ctypes
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_S = 10.0


class Closing:
    """What a ``with`` block closes at its end."""

    def close(self) -> None:
        """End what was started."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _dies_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) and None


_PREPARE = _dies_with_parent()


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process whose output goes to ``log`` and which the kernel kills when its parent ends."""
    with log.open("ab") as sink:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            preexec_fn=_PREPARE,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill, also if it is stopped, and take its exit code."""
    if process.poll() is None:
        process.kill()
    process.wait(STOP_TIMEOUT_S)
