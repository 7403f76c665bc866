"""The coroutines that run handlers: one runner works through many tasks, as long as none of them waits.

Starting an asyncio task for each queue task would cost more than all the rest of a small one. So a batch
goes to one runner; the moment its handler waits for something, the next runner takes the next task.
A handler that changes context variables or does not stop when told costs its runner: a fresh one follows.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

from asynctaskflow.clock import Clock
from asynctaskflow.taskqueue.messages import Settlement
from asynctaskflow.worker.attempt import Attempts
from asynctaskflow.worker.execution import Execution

SLICE_S = 0.002

OnEnd = Callable[[Execution, Settlement | None, float], None]


class Runners:
    """At most ``slots`` runners over one queue of claimed tasks; all on the loop's thread."""

    def __init__(
        self,
        attempts: Attempts,
        *,
        slots: int,
        on_end: OnEnd,
        group: asyncio.TaskGroup,
        clock: Clock,
    ) -> None:
        """Runners start when they are needed."""
        self._attempts = attempts
        self._slots = slots
        self._on_end = on_end
        self._group = group
        self._clock = clock
        self._ready: deque[Execution] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._alive: set[asyncio.Task[None]] = set()
        self._waking = False

    def start(self, executions: list[Execution]) -> None:
        """Run these, in order."""
        self._ready.extend(executions)
        self._wake_one()

    async def run_here(self, executions: list[Execution]) -> None:
        """The same, the first of them in the calling task, which is a runner until nothing is ready."""
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - for the type checker: a task group runs tasks
        self._ready.extend(executions)
        self._alive.add(me)
        me.add_done_callback(self._gone)
        await self._work(me)

    def resize(self, slots: int) -> None:
        """Another number of slots; runners beyond it end their tasks and rest."""
        self._slots = slots
        self._wake_one()

    def take_back(self) -> list[Execution]:
        """Those that no runner has begun."""
        unstarted = list(self._ready)
        self._ready.clear()
        return unstarted

    def abandon(self, execution: Execution) -> None:
        """Stop waiting for a handler that does not stop; its runner gives up its place."""
        if execution.runner is not None:
            self._alive.discard(execution.runner)
        self._end(execution, self._attempts.abandoned(execution))
        self._wake_one()

    def close(self) -> None:
        """End all runners."""
        for task in self._alive:
            task.cancel()

    def _wake_one(self) -> None:
        """One at a time: a runner that was woken wakes the next if there is work left for it."""
        if self._waking or not self._ready:
            return
        if self._idle:
            self._waking = True
            self._idle.pop().set_result(None)
        elif len(self._alive) < self._slots:
            self._waking = True
            task = self._group.create_task(self._run())
            self._alive.add(task)
            task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._alive.discard(task)
        self._wake_one()

    async def _run(self) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - for the type checker: a task group runs tasks
        loop = asyncio.get_running_loop()
        while True:
            self._waking = False
            if not await self._work(me):
                return
            sleep = loop.create_future()
            self._idle.append(sleep)
            await sleep

    async def _work(self, me: asyncio.Task[None]) -> bool:
        """Run what is ready; False if this runner has become unfit for other tasks."""
        pristine = copy_context()
        slice_end_s = self._clock.mono_s() + SLICE_S
        while self._ready:
            execution = self._ready.popleft()
            self._wake_one()
            if execution.cause is not None:
                self._end(execution, self._attempts.abandoned(execution))
                continue
            execution.runner = me
            settlement = await self._attempt(execution)
            while me.cancelling():
                me.uncancel()
            if execution.ended:
                return False
            ended_s = self._end(execution, settlement)
            if copy_context() != pristine:
                return False
            if ended_s > slice_end_s:
                await asyncio.sleep(0)
                slice_end_s = self._clock.mono_s() + SLICE_S
        return True

    async def _attempt(self, execution: Execution) -> Settlement | None:
        """Run one to its end, which comes even if it cancels this runner.

        Raises:
            asyncio.CancelledError: it did, or the worker is torn down and nobody reads the outcome.
        """
        try:
            return await self._attempts.run(execution)
        except asyncio.CancelledError:
            if not execution.ended:
                self._end(execution, self._attempts.cancelled(execution))
            raise

    def _end(self, execution: Execution, settlement: Settlement | None) -> float:
        execution.ended = True
        execution.runner = None
        ended_s = self._clock.mono_s()
        self._on_end(execution, settlement, ended_s - execution.started_s)
        return ended_s
