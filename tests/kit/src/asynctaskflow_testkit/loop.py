"""The worker's loop with its neighbours, over a work source in memory: no Redis, no child process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry

from asynctaskflow import Context, function
from asynctaskflow.clock import SystemClock
from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.worker.attempt import AttemptLimits, Attempts
from asynctaskflow.worker.context import Services
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Running
from asynctaskflow.worker.faultpoints import Faultpoints
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.handlers import LoopHandlers, ThreadHandlers
from asynctaskflow.worker.last_chance import LastChance
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.loop import LoopLimits, WorkerLoop
from asynctaskflow.worker.progress import ProgressPump
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally
from asynctaskflow.worker.watch import Watch
from asynctaskflow_testkit.memory_source import LAST_DELIVERY, MemorySource
from asynctaskflow_testkit.waiting import eventually

AnyFunction = FunctionDefinition[Any, Any, Any]


class LoopUnderTest:
    """A loop that makes one attempt per task; a test looks at and pushes every part."""

    def __init__(
        self,
        definition: AnyFunction,
        *,
        slots: int = 4,
        timeout_s: float = 60,
        lease_s: float = 60,
        unwind_s: float = 0.2,
        safety_tick_s: float = 0.5,
    ) -> None:
        """Put it together; ``at_work`` runs it."""
        self._clock = SystemClock()
        self.source = MemorySource()
        self.running = Running()
        self.stopping = Stopping(self._clock, unwind_s=unwind_s)
        self.tally = Tally(WorkerMetrics("f", CollectorRegistry()))
        self.link = Link(self._clock, base_s=0.01, cap_s=0.02)
        self.pump = ProgressPump(self.source)
        kind = LoopHandlers if definition.is_async else ThreadHandlers
        self.handlers = kind(definition, Services(self._clock, self.pump))
        self.loop = self._loop(
            self._attempts(definition, timeout_s=timeout_s),
            LoopLimits(slots=slots, lease_s=lease_s, safety_tick_s=safety_tick_s),
        )
        self.pump.on_lost = self.loop.lease_lost
        self.stopping.on_change = self.loop.nudge
        self.watch = Watch(
            self.running,
            stopping=self.stopping,
            clock=self._clock,
            lease_margin_s=lease_s / 6,
            abandon=self.loop.abandon,
            stuck=self.handlers.stuck,
            on_look=self.loop.nudge,
        )

    async def settled(self, *uuids: str, within_s: float = 5) -> list[Any]:
        """The outcomes of these tasks, waited for."""
        await eventually(lambda: all(uuid in self.source.settled for uuid in uuids), within_s)
        return [self.source.settled[uuid] for uuid in uuids]

    def _attempts(self, definition: AnyFunction, *, timeout_s: float) -> Attempts:
        return Attempts(
            definition,
            self.handlers,
            progress=self.pump,
            blobs=None,
            retry=RetryPolicy(max_attempts=1),
            limits=AttemptLimits(timeout_s=timeout_s, inline_bytes=10**6),
            clock=self._clock,
            roll=lambda: 0.5,
        )

    def _loop(self, attempts: Attempts, limits: LoopLimits) -> WorkerLoop:
        return WorkerLoop(
            self.source,
            running=self.running,
            attempts=attempts,
            gate=Gate(max_s=5),
            last_chance=LastChance(max_deliveries=LAST_DELIVERY),
            link=self.link,
            stopping=self.stopping,
            tally=self.tally,
            faultpoints=Faultpoints(""),
            limits=limits,
            clock=self._clock,
            roll=lambda: 0.5,
        )


@asynccontextmanager
async def at_work(worker: LoopUnderTest) -> AsyncIterator[LoopUnderTest]:
    """Run the loop; at the end it is told to stop twice, so that it hands back what still runs."""
    async with asyncio.TaskGroup() as group:
        helpers = [group.create_task(worker.watch.run()), group.create_task(worker.pump.run())]
        work = group.create_task(worker.loop.run(group))
        yield worker
        if not worker.stopping.asked:
            worker.stopping.ask("end of test")
        worker.stopping.ask("now")
        await work
        for helper in helpers:
            helper.cancel()
        await worker.handlers.close()


def handler(body: Callable[..., Any]) -> AnyFunction:
    """The body as the function ``f``."""
    return function(name="f")(body)


@handler
async def echo(task: Any, ctx: Context) -> Any:
    """Return the input without ever waiting."""
    return task


@handler
async def sleeps(task: Any, ctx: Context) -> str:
    """Wait as many seconds as the input says."""
    await asyncio.sleep(task)
    return "slept"
