"""Runs a child process on an untrusted file: limited, watched by the clock, killed as a group.

The file is an unnamed temporary file passed as standard input, so nothing is left behind however the
child or this process ends. The child gets a bare environment: no secret can leak through it.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import IO

# A page of text as one line; a rendered page is read in chunks of this size.
MAX_LINE_BYTES = 16 * 1024 * 1024
STDERR_BYTES = 2_000
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


class ChildFailed(Exception):
    """The child did not deliver: it crashed, hit a limit, or was too slow and was killed."""


class Child:
    """A running child process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Wrap a process that was started in a session of its own, with pipes."""
        if process.stdout is None or process.stderr is None:
            raise ValueError("the child's output is not piped")
        self._process = process
        self._stdout = process.stdout
        self._stderr = process.stderr

    async def read_line(self, *, wall_s: float) -> bytes:
        """Return the next line of output; empty at the end.

        Raises:
            ChildFailed: no line within ``wall_s``, or one beyond ``MAX_LINE_BYTES``.
        """
        try:
            async with asyncio.timeout(wall_s):
                line = await self._stdout.readline()
        except TimeoutError as error:
            raise ChildFailed(f"no answer within {wall_s:g} s") from error
        except ValueError as error:
            raise ChildFailed(f"more than {MAX_LINE_BYTES} bytes at once") from error
        if not line:
            await self._check_exit(wall_s)
        return line

    async def read_all(self, *, wall_s: float, max_bytes: int) -> bytes:
        """Return the whole output.

        Raises:
            ChildFailed: it takes longer than ``wall_s``, exceeds ``max_bytes`` or exits with an error.
        """
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(wall_s):
                while chunk := await self._stdout.read(65_536):
                    chunks.append(chunk)
                    if sum(map(len, chunks)) > max_bytes:
                        raise ChildFailed(f"more than {max_bytes} bytes")
        except TimeoutError as error:
            raise ChildFailed(f"no answer within {wall_s:g} s") from error
        await self._check_exit(wall_s)
        return b"".join(chunks)

    async def _check_exit(self, wall_s: float) -> None:
        try:
            async with asyncio.timeout(wall_s):
                message = await self._stderr.read(STDERR_BYTES)
                code = await self._process.wait()
        except TimeoutError as error:
            raise ChildFailed(f"did not end within {wall_s:g} s") from error
        if code != 0:
            raise ChildFailed(_describe(code, message))

    async def kill(self) -> None:
        """Kill the child and everything that it started; return when it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


def _describe(code: int, message: bytes) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    last = message.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
    return f"exit code {code}: {last[0][:200]}"


@asynccontextmanager
async def run(command: Sequence[str], file: IO[bytes]) -> AsyncIterator[Child]:
    """Run ``command`` with ``file`` as standard input; it never outlives the block.

    Children at work on one file share its position: they must not rely on it, but open
    ``/dev/stdin`` anew or read at explicit places.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
        limit=MAX_LINE_BYTES,
    )
    child = Child(process)
    try:
        yield child
    finally:
        await asyncio.shield(child.kill())


def unnamed_file(data: bytes) -> IO[bytes]:
    """Return an open temporary file that no directory lists."""
    file = tempfile.TemporaryFile(prefix="pdfxtract-")  # noqa: SIM115 - the document closes it
    file.write(data)
    file.flush()
    return file
