"""The queue under the promises: registered functions, a filled store, a task followed to its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue

CHUNK = 20_000
LOOK_S = 0.002
MAX_DEPTH = 10_000_000

T = TypeVar("T")


class Store:
    """One Redis as this project uses it; each call opens and closes its own connections."""

    def __init__(self, url: str) -> None:
        """Nothing is opened."""
        self._options = RedisOptions(url, timeout_s=10)

    def register(self, *functions: str) -> None:
        """Register functions that no worker runs, with room for the fill."""
        spec = FunctionSpec.model_validate(
            {
                "handler": "benchmarks.peers.asynctaskflow_queue:run",
                "queue": {"max_depth": MAX_DEPTH},
            }
        )

        async def act(queue: RedisQueue) -> None:
            for name in functions:
                await queue.register(name, spec)

        self._with_queue(act)

    def fill(self, function: str, data: bytes, count: int) -> float:
        """Enqueue that many; seconds."""

        async def act(queue: RedisQueue) -> float:
            started = time.perf_counter()
            for first in range(0, count, CHUNK):
                batch = [NewTask(function, data)] * min(CHUNK, count - first)
                for answer in await queue.enqueue_many(batch):
                    if isinstance(answer, Exception):
                        raise answer
            return time.perf_counter() - started

        return self._with_queue(act)

    def run_one(self, function: str, data: bytes, *, within_s: float) -> float:
        """Seconds from the enqueue call until the task has ended well.

        Raises:
            RuntimeError: it ended otherwise, or not in time.
        """

        async def act(queue: RedisQueue) -> float:
            started = time.perf_counter()
            accepted = await queue.enqueue(NewTask(function, data))
            while time.perf_counter() - started < within_s:
                task = await queue.get(accepted.id)
                if task.state is TaskState.COMPLETED:
                    return time.perf_counter() - started
                if task.state in TERMINAL or task.error:
                    raise RuntimeError(f"{function}: {task.state}: {task.error}")
                await asyncio.sleep(LOOK_S)
            raise RuntimeError(f"{function}: not done within {within_s:g} s")

        return self._with_queue(act)

    def await_worker(self, function: str, *, within_s: float) -> None:
        """Wait until a worker has said that it works.

        Raises:
            RuntimeError: none has, in time.
        """

        async def act(queue: RedisQueue) -> None:
            deadline = time.perf_counter() + within_s
            while not await queue.workers(function):
                if time.perf_counter() > deadline:
                    raise RuntimeError(f"{function}: no worker within {within_s:g} s")
                await asyncio.sleep(LOOK_S)

        self._with_queue(act)

    def _with_queue(self, act: Callable[[RedisQueue], Awaitable[T]]) -> T:
        async def run() -> T:
            client = open_async(self._options)
            blocking = open_async(self._options, blocking=True)
            try:
                return await act(RedisQueue(client, blocking=blocking))
            finally:
                await client.aclose()
                await blocking.aclose()

        return asyncio.run(run())
