"""One child process: started so that it cannot outlive its parent, stopped politely first."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asynctaskflow_cli.stack.output import LineSink

PR_SET_PDEATHSIG = 1
READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Command:
    """What to start.

    Attributes:
        name: shown in front of each of its lines.
        cwd: working directory; this process's own if ``None``.
        stdin: text for its standard input, which is closed after it; for what must not be seen in ``ps``.
        orphan_signal: what the kernel sends it when this process dies without a word.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: str = ""
    cwd: Path | None = None
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """A running process whose output goes to a sink line by line."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, sink: LineSink) -> None:
        """Start to read its output."""
        self.name = name
        self.pid = process.pid
        self._process = process
        self._pump = asyncio.ensure_future(_pump(process.stdout, name, sink))

    @classmethod
    async def start(cls, command: Command, sink: LineSink) -> "Child":
        """Start a process in a group of its own, so that Ctrl-C reaches it only through its parent.

        Raises:
            OSError: the program cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=asyncio.subprocess.PIPE if command.stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
            preexec_fn=_tether(command.orphan_signal),
        )
        if process.stdin:
            process.stdin.write(command.stdin.encode())
            await process.stdin.drain()
            process.stdin.close()
            await process.stdin.wait_closed()
        return cls(command.name, process, sink)

    @property
    def exit_code(self) -> int | None:
        """``None`` while it runs; negative: ended by that signal."""
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone already does not mind."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait until it has ended and its last line is written; the exit code."""
        code = await self._process.wait()
        await self._pump
        return code

    async def stop(self, *, grace_s: float) -> int:
        """SIGTERM, then SIGKILL to its whole group after the grace time; the exit code."""
        if self.exit_code is None:
            self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            return await self.wait()


def _tether(number: signal.Signals) -> Callable[[], None] | None:
    """Between fork and exec: ask the kernel for a signal when the parent dies (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # loaded before the fork
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died in between: the signal will never come
            os._exit(1)

    return tie


async def _pump(stream: asyncio.StreamReader | None, name: str, sink: LineSink) -> None:
    """Lines of any length; a reader with a limit would stop at a long one and block the child."""
    rest = b""
    while stream and (piece := await stream.read(READ_BYTES)):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            sink.write(name, line.decode(errors="replace").rstrip())
    if rest:
        sink.write(name, rest.decode(errors="replace").rstrip())
