"""What a handler may ask of its worker: who it is, how long it has, progress, dependencies, blobs."""

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from asynctaskflow.clock import Clock
from asynctaskflow.errors import Permanent
from asynctaskflow.logs import get_logger
from asynctaskflow.worker.execution import Cause, Execution

T = TypeVar("T")


class Blobs(Protocol):
    """What handlers read large inputs from and write large results to."""

    async def get(self, ref: str) -> bytes:
        """The bytes that a reference stands for."""
        ...

    async def put(self, data: bytes, *, name: str) -> str:
        """Store bytes for the function; returns their reference."""
        ...


class Guard(Protocol):
    """Limiter and breaker around the calls of one dependency."""

    async def call(self, operation: Callable[[], Awaitable[T]], *, tokens: int = 1) -> T:
        """Run ``operation`` when breaker and limiter allow it; raises ``NotNow`` if not."""
        ...


GuardFactory = Callable[[str, Callable[[], float]], Guard]


class ProgressSink(Protocol):
    """Takes reports on the loop's thread."""

    def offer(self, execution: Execution, *, fraction: float, note: str) -> None:
        """Remember the newest report of an attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What contexts stand on; one per worker.

    Attributes:
        dependencies: names that the function declares.
        guard: makes the guard of a dependency for one attempt, given its remaining time.
        blobs: ``None`` where there is no blob store (a rehearsal).
    """

    clock: Clock
    progress: ProgressSink
    dependencies: Sequence[str] = ()
    guard: GuardFactory | None = None
    blobs: Blobs | None = None


class _Told:
    """What both kinds of context say."""

    __slots__ = ("_execution", "_log", "_services")

    def __init__(self, execution: Execution, services: Services) -> None:
        """Made by the worker for one attempt."""
        self._execution = execution
        self._services = services
        self._log: FilteringBoundLogger | None = None

    @property
    def task_id(self) -> str:
        """``<function>-<uuid>``; the same in every attempt: a good idempotency key."""
        return str(self._execution.task.id)

    @property
    def attempt(self) -> int:
        """Number of this execution, from 1."""
        return self._execution.task.attempt

    @property
    def traceparent(self) -> str:
        """W3C trace context of whoever submitted the task; empty if there is none."""
        return self._execution.task.traceparent

    @property
    def log(self) -> FilteringBoundLogger:
        """A logger that names the task and the attempt in each line."""
        if self._log is None:
            self._log = get_logger(task=self.task_id, attempt=self.attempt)
        return self._log

    @property
    def deadline(self) -> float:
        """When the attempt is ended by force, as ``time.monotonic()`` counts."""
        return self._execution.deadline_s

    def remaining_s(self) -> float:
        """Seconds until then, at least 0."""
        return max(0.0, self._execution.deadline_s - self._services.clock.mono_s())

    @property
    def cancelled(self) -> bool:
        """Whether the worker wants this attempt to stop (time is up, lease lost, shutting down)."""
        return self._execution.cause is not None

    @property
    def cancel_cause(self) -> Cause | None:
        """Why it should stop."""
        return self._execution.cause

    def _guard(self, name: str) -> Guard:
        services = self._services
        if name not in services.dependencies:
            known = ", ".join(services.dependencies) or "none"
            raise Permanent(
                f"dependency {name!r} is not declared with @function (declared: {known})",
                error_class="undeclared_dependency",
            )
        if services.guard is None:
            raise Permanent("no guards here", error_class="undeclared_dependency")
        return services.guard(name, self.remaining_s)

    def _blobs(self) -> Blobs:
        if self._services.blobs is None:
            raise Permanent("this worker has no blob store", error_class="no_blob_store")
        return self._services.blobs


class Context(_Told):
    """For ``async`` handlers."""

    __slots__ = ()

    async def progress(self, fraction: float, note: str = "") -> None:
        """Say how far the attempt is, 0 to 1; cheap, stored at most four times a second."""
        self._services.progress.offer(self._execution, fraction=fraction, note=note)

    def dependency(self, name: str) -> Guard:
        """Limiter and breaker of a declared dependency: ``await ctx.dependency(name).call(...)``."""
        return self._guard(name)

    @property
    def blobs(self) -> Blobs:
        """The blob store."""
        return self._blobs()

    async def read_blob(self, ref: str) -> bytes:
        """What a reference in the input stands for."""
        return await self._blobs().get(ref)


class SyncContext(_Told):
    """For plain handlers, which run in a thread: the same, without ``await``."""

    __slots__ = ("_loop", "_report", "_stopped")

    def __init__(
        self, execution: Execution, services: Services, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Made by the worker, on the loop's thread, for one attempt."""
        super().__init__(execution, services)
        self._loop = loop
        self._report: tuple[float, str] | None = None
        self._stopped = threading.Event()
        execution.on_interrupt = self._stopped.set

    def progress(self, fraction: float, note: str = "") -> None:
        """Say how far the attempt is, 0 to 1; returns at once."""
        fraction = float(fraction)
        if math.isnan(fraction):
            raise ValueError("progress: the fraction is not a number")
        unread = self._report is not None
        self._report = (fraction, note)
        if not unread:
            self._loop.call_soon_threadsafe(self._offer)

    def _offer(self) -> None:
        report, self._report = self._report, None
        if report is not None:
            self._services.progress.offer(self._execution, fraction=report[0], note=report[1])

    def wait_cancelled(self, timeout_s: float) -> bool:
        """Sleep that ends early, with True, when the attempt should stop."""
        return self._stopped.wait(timeout_s)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the worker's loop and wait for its result, up to the deadline."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout=self.remaining_s())
        finally:
            future.cancel()

    def dependency(self, name: str) -> "SyncGuard":
        """Limiter and breaker of a declared dependency."""
        return SyncGuard(self._guard(name), self.run)

    def read_blob(self, ref: str) -> bytes:
        """What a reference in the input stands for."""
        return self.run(_awaited(self._blobs().get(ref)))


class SyncGuard:
    """A guard for plain handlers."""

    __slots__ = ("_guard", "_run")

    def __init__(self, guard: Guard, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        """Wrap a guard that lives on the worker's loop."""
        self._guard = guard
        self._run = run

    def call(self, operation: Callable[[], T], *, tokens: int = 1) -> T:
        """Run a plain ``operation`` in a thread when breaker and limiter allow it."""

        async def in_thread() -> T:
            return await asyncio.to_thread(operation)

        result: T = self._run(self._guard.call(in_thread, tokens=tokens))
        return result


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
