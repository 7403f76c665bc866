"""The child's side of process isolation: reads a task, runs the handler, answers, until its parent is gone.

Handlers run in the main thread, so that C libraries that insist on it work; a second thread runs the loop
that ``ctx.dependency`` and ``ctx.read_blob`` need.
"""

import asyncio
import ctypes
import signal
import socket
import sys
import threading
from typing import Any

import orjson

from asynctaskflow import logs
from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.clock import SystemClock
from asynctaskflow.model.task import TaskId
from asynctaskflow.resilience.error_class import error_class_of
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.worker import frames
from asynctaskflow.worker.context import Services, SyncContext
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.discovery import find_function
from asynctaskflow.worker.execution import Execution
from asynctaskflow.worker.frames import Kind
from asynctaskflow.worker.guards import guard_factory
from asynctaskflow.worker.progress import ProgressPump

PR_SET_PDEATHSIG = 1


class Parent:
    """The socket to the worker; progress comes from the loop's thread, answers from the main one."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over the connection."""
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, kind: Kind, body: bytes) -> None:
        """One frame, whole."""
        with self._lock:
            self._connection.sendall(frames.pack(kind, body))

    def receive(self) -> bytes | None:
        """The body of the next frame; ``None`` when the parent is gone."""
        header = self._exactly(frames.HEADER.size)
        if header is None:
            return None
        _, length = frames.HEADER.unpack(header)
        return self._exactly(length)

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:  # noqa: ARG002
        """What a progress pump calls: a frame instead of Redis."""
        self.send(Kind.PROGRESS, orjson.dumps((fraction, note)))

    def _exactly(self, count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            part = self._connection.recv(count - len(parts))
            if not part:
                return None
            parts += part
        return bytes(parts)


def main() -> None:
    """``python -m asynctaskflow.worker.child module:function fd``."""
    handler, descriptor = sys.argv[1:3]
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    settings = WorkerSettings()
    logs.configure(level=settings.log_level, style=settings.log_format)
    parent = Parent(socket.socket(fileno=int(descriptor)))
    serve(find_function(handler), parent, settings)


def serve(
    definition: FunctionDefinition[Any, Any, Any], parent: Parent, settings: WorkerSettings
) -> None:
    """Run tasks until the parent is gone."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
    clock, pump = SystemClock(), ProgressPump(parent)
    asyncio.run_coroutine_threadsafe(pump.run(), loop)
    client = open_async(RedisOptions(settings.redis_url.get_secret_value()))
    store = open_blobs(client, url=settings.blob_url.get_secret_value(), clock=clock)
    services = Services(
        clock=clock,
        progress=pump,
        dependencies=definition.dependencies,
        guard=guard_factory(client, clock=clock),
        blobs=FunctionBlobs(store, definition.name, max_bytes=settings.max_blob_bytes),
    )
    while (body := parent.receive()) is not None:
        task, given, remaining_s = frames.read_task(body)
        execution = Execution(task, lease_until_s=0.0)
        execution.deadline_s = clock.mono_s() + remaining_s
        context = SyncContext(execution, services, loop)
        kind, answer = _attempt(definition, given, context)
        asyncio.run_coroutine_threadsafe(pump.flush(execution), loop).result()
        parent.send(kind, answer)


def _attempt(
    definition: FunctionDefinition[Any, Any, Any], given: bytes, context: SyncContext
) -> tuple[Kind, bytes]:
    try:
        return Kind.RESULT, definition.serialise(
            definition.handler(definition.parse(given), context)
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the border of a user's handler
        return Kind.ERROR, frames.error_body(error, error_class_of(error))


def _die_with_parent() -> None:
    """A killed worker must not leave handlers behind that go on without a lease."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
