"""Plain handlers in child processes: their memory, their crashes and the interpreter lock stay theirs.

A child is the leader of a process group: interrupting an attempt kills it with all that it has started.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import orjson
from pydantic import BaseModel

from asynctaskflow.clock import Clock
from asynctaskflow.errors import Retryable
from asynctaskflow.worker import frames
from asynctaskflow.worker.context import ProgressSink
from asynctaskflow.worker.execution import Execution
from asynctaskflow.worker.frames import Kind

CHILD_DIED = "child_died"
READ_LIMIT = 2**16


class ChildHandlers:
    """Runs one task per child at a time; children start when they are needed and stay."""

    def __init__(self, handler: str, *, progress: ProgressSink, clock: Clock) -> None:
        """No child is started.

        Args:
            handler: ``module:function``, which each child imports for itself.
        """
        self._handler = handler
        self._progress = progress
        self._clock = clock
        self._idle: list[_Child] = []

    async def call(self, task: Any, execution: Execution) -> bytes:
        """Run the handler in a child; the result is JSON already."""
        given = (
            task.model_dump_json().encode() if isinstance(task, BaseModel) else orjson.dumps(task)
        )
        remaining_s = execution.deadline_s - self._clock.mono_s()
        body = frames.task_body(execution.task, given, remaining_s=remaining_s)
        child = self._living() or await _start(self._handler)
        healthy = False
        try:
            kind, answer = await child.ask(
                body, on_progress=lambda told: self._report(execution, told)
            )
            healthy = True
        finally:
            if healthy:
                self._idle.append(child)
            else:
                child.kill()
        if kind is Kind.ERROR:
            raise frames.read_error(answer)
        return answer

    def serialise(self, output: Any) -> bytes:
        """The child has done it."""
        return bytes(output)

    def stuck(self) -> int:
        """A killed child does not go on."""
        return 0

    async def close(self) -> None:
        """Kill the children that wait for work; those at work were killed with their attempt."""
        for child in self._idle:
            child.kill()
            await child.gone()
        self._idle.clear()

    def _living(self) -> "_Child | None":
        """One that waits for work; those that have ended meanwhile are no task's fault."""
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            child.kill()
        return None

    def _report(self, execution: Execution, told: bytes) -> None:
        fraction, note = orjson.loads(told)
        self._progress.offer(execution, fraction=fraction, note=note)


class _Child:
    """One process and the socket to it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    async def ask(self, body: bytes, *, on_progress: Callable[[bytes], None]) -> tuple[Kind, bytes]:
        """Send a task, pass on its progress, return its result or error frame.

        Raises:
            Retryable: class ``child_died``.
        """
        try:
            self._writer.write(frames.pack(Kind.TASK, body))
            await self._writer.drain()
            while True:
                letter, length = frames.HEADER.unpack(
                    await self._reader.readexactly(frames.HEADER.size)
                )
                answer = await self._reader.readexactly(length)
                if letter != Kind.PROGRESS:
                    return Kind(letter), answer
                on_progress(answer)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Retryable(
                f"the handler's process ended: {await self._farewell()}", error_class=CHILD_DIED
            ) from error

    @property
    def alive(self) -> bool:
        """Whether its process has not ended."""
        return self._process.returncode is None and not self._reader.at_eof()

    def kill(self) -> None:
        """End it and everything that it has started."""
        self._writer.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    async def _farewell(self) -> str:
        code = await self._process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _start(handler: str) -> _Child:
    ours, theirs = socket.socketpair()
    with theirs, ExitStack() as unless_it_starts:
        unless_it_starts.callback(ours.close)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "asynctaskflow.worker.child",
            handler,
            str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        unless_it_starts.pop_all()
    reader, writer = await asyncio.open_connection(sock=ours, limit=READ_LIMIT)
    return _Child(process, reader, writer)
