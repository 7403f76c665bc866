"""What the harness sees of the tasks: their counts and starts, without asking the queue."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOOK_S = 0.001
DATAGRAM_BYTES = 4096


class NotSeenError(RuntimeError):
    """What was waited for did not happen in time."""


@dataclass(frozen=True, slots=True)
class Start:
    """A task started: monotonic times of its enqueueing and its start, and its process."""

    sent_s: float
    started_s: float
    pid: int

    @property
    def waited_ms(self) -> float:
        """From just before the enqueue call to the handler's first line."""
        return (self.started_s - self.sent_s) * 1000


class Ear:
    """Hears of starts."""

    def __init__(self) -> None:
        """Take a free port."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]

    def next(self, within_s: float) -> Start | None:
        """The next start, ``None`` if there is none in time."""
        self._socket.settimeout(max(within_s, LOOK_S))
        try:
            return Start(**json.loads(self._socket.recv(DATAGRAM_BYTES)))
        except TimeoutError:
            return None

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class Tally:
    """Adds up what the workers counted."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.folder = folder

    def total(self) -> int:
        """No-ops run so far, by all processes."""
        return sum(self.by_process().values())

    def by_process(self) -> dict[str, int]:
        """Process id -> no-ops that it ran."""
        files = self.folder.iterdir()
        return {path.name: int.from_bytes(path.read_bytes(), "little") for path in files}


def wait_until(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Look each millisecond; the monotonic time at which it was true.

    Raises:
        NotSeenError: it was not, in time.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotSeenError(f"not within {within_s:g} s: {what}")
        time.sleep(LOOK_S)
    return time.monotonic()
