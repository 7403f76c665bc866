"""What the measured functions do, whichever queue runs them: they leave their trace outside of Redis.

A count is one store into a file mapped into memory; a start is one datagram, sent after its time was
taken. Standard library only: this runs inside the peers' workers.
"""

import asyncio
import json
import mmap
import os
import socket
import threading
import time
from functools import lru_cache

from benchmarks.settings import place

COUNT_BYTES = 8
HELD_S = 60.0
DONE = "done"


class Counter:
    """Number of no-ops that this process has run."""

    def __init__(self) -> None:
        """Make this process's file."""
        path = place().counts / str(os.getpid())
        path.write_bytes(bytes(COUNT_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), COUNT_BYTES)
        self._number = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """One more."""
        with self._lock:
            self._number += 1
            self._map[:] = self._number.to_bytes(COUNT_BYTES, "little")


_first = threading.Lock()


@lru_cache(maxsize=1)
def _made() -> Counter:
    return Counter()


def _counter() -> Counter:
    with _first:
        return _made()


@lru_cache(maxsize=1)
def _socket() -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", place().witness_port))
    return sender


def noop() -> str:
    """The task whose throughput is measured; its result is stored where the queue can."""
    _counter().add()
    return DONE


def report(sent_s: float) -> str:
    """Say when the task started.

    Args:
        sent_s: monotonic time just before it was enqueued, which all processes of a machine share.
    """
    start = {"sent_s": sent_s, "started_s": time.monotonic(), "pid": os.getpid()}
    _socket().send(json.dumps(start).encode())
    return DONE


def hold(sent_s: float) -> str:
    """Say when the task started, then take long enough to be killed."""
    report(sent_s)
    time.sleep(HELD_S)
    return DONE


async def hold_async(sent_s: float) -> str:
    """The same on an event loop."""
    report(sent_s)
    await asyncio.sleep(HELD_S)
    return DONE
