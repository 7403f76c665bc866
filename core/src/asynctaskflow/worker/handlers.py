"""How a handler is called: on the loop, in a thread, or in a child process that can be killed.

Each caller is awaited by a runner, whose cancellation is the interrupt. None of them judges the outcome.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Protocol

from asynctaskflow.worker.context import Context, Services, SyncContext
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Execution

AnyFunction = FunctionDefinition[Any, Any, Any]


class Handlers(Protocol):
    """Calls the handler of one function."""

    def call(self, task: Any, execution: Execution) -> Coroutine[Any, Any, Any]:
        """Run it to its end; cancelling the caller interrupts it."""
        ...

    def serialise(self, output: Any) -> bytes:
        """What ``call`` gave, as JSON."""
        ...

    def stuck(self) -> int:
        """Handlers that go on although they were interrupted, and cannot be stopped."""
        ...

    async def close(self) -> None:
        """Let go of threads or processes."""
        ...


class LoopHandlers:
    """``async`` handlers run in the runner's own coroutine: no task switch for those that never wait."""

    def __init__(self, definition: AnyFunction, services: Services) -> None:
        """Nothing is started."""
        self._definition = definition
        self._handler = definition.handler
        self._services = services

    def call(self, task: Any, execution: Execution) -> Coroutine[Any, Any, Any]:
        """The handler's coroutine."""
        coroutine: Coroutine[Any, Any, Any] = self._handler(
            task, Context(execution, self._services)
        )
        return coroutine

    def serialise(self, output: Any) -> bytes:
        """As the output model says."""
        return self._definition.serialise(output)

    def stuck(self) -> int:
        """A runner finds out itself."""
        return 0

    async def close(self) -> None:
        """Nothing to let go of."""


class ThreadHandlers:
    """Plain handlers run in daemon threads, as many as there are slots; a stuck one never blocks an exit."""

    def __init__(self, definition: AnyFunction, services: Services) -> None:
        """Threads start when they are needed."""
        self._definition = definition
        self._handler = definition.handler
        self._services = services
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0
        self._stuck = 0

    async def call(self, task: Any, execution: Execution) -> Any:
        """Run the handler in a thread; interrupted, it goes on until it looks at ``ctx.cancelled``."""
        loop = asyncio.get_running_loop()
        context = SyncContext(execution, self._services, loop)
        future: Future[Any] = Future()
        self._busy += 1
        if self._busy > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="handler", daemon=True).start()
        variables = contextvars.copy_context()
        self._jobs.put(lambda: _run(future, variables, self._handler, task, context))
        waiting = asyncio.wrap_future(future)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._freed))
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            self._forget(future, waiting, loop)
            raise

    def serialise(self, output: Any) -> bytes:
        """As the output model says."""
        return self._definition.serialise(output)

    def stuck(self) -> int:
        """Threads whose attempt was interrupted and has not returned."""
        return self._stuck

    async def close(self) -> None:
        """Tell idle threads to end."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _freed(self) -> None:
        self._busy -= 1

    def _forget(
        self, future: Future[Any], waiting: asyncio.Future[Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        waiting.add_done_callback(_seen)
        if not future.done():
            self._stuck += 1
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._unstuck))

    def _unstuck(self) -> None:
        self._stuck -= 1


def _run(
    future: Future[Any],
    variables: contextvars.Context,
    handler: Callable[..., Any],
    task: Any,
    context: SyncContext,
) -> None:
    try:
        future.set_result(variables.run(handler, task, context))
    except StopIteration as error:  # no future of a loop takes one: its waiter would wait for ever
        told = RuntimeError("the handler raised StopIteration")
        told.__cause__ = error
        future.set_exception(told)
    except BaseException as error:  # noqa: BLE001 - the border of a user's handler: all is carried over
        future.set_exception(error)


def _seen(waiting: asyncio.Future[Any]) -> None:
    """Take the outcome of an abandoned handler, so that nobody complains that it was never looked at."""
    if not waiting.cancelled():
        waiting.exception()
