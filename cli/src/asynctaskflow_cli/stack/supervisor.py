"""Runs the scaling decision for every function and does what it says, with processes.

Woken by the event streams, by a worker that ended, and by a safety tick. A Redis that does not answer
changes nothing: workers stay, the next turn asks again.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from asynctaskflow.clock import Clock
from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow.model.function import FunctionManifest
from asynctaskflow.scaling import (
    Decision,
    DecisionRecord,
    DependencySight,
    LoadSample,
    Memory,
    Policy,
    QueueSight,
    choose_victims,
    decide,
)
from asynctaskflow.taskqueue.messages import Event, QueueDepths, WorkerInfo
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.retention import retention
from asynctaskflow.taskqueue.scaling_log import ScalingLog
from asynctaskflow.taskqueue.sight import ARRIVALS, median_run_s, observe, see_queue
from asynctaskflow_cli.stack.fleet import Fleet
from asynctaskflow_cli.stack.gauges import SupervisorGauges
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.services import Services
from asynctaskflow_cli.stack.sight import see_workers

TICK_S = 1.0
GATHER_S = 0.02  # events of one burst are looked at together
TURN_SPACING_S = 0.1  # and under a steady load no more often than this
EVENT_BLOCK_MS = 1000
EVENT_LIMIT = 100
PURGE_EVERY = 10  # ticks
PAUSE_AFTER_ERROR_S = 0.5


@dataclass(slots=True)
class Managed:
    """One function under supervision and what is remembered of it."""

    manifest: FunctionManifest
    policy: Policy
    fleet: Fleet
    memory: Memory = field(default_factory=Memory)
    p50_run_s: float = 0.0
    last_arrival_s: float | None = None
    last: DecisionRecord | None = None
    sampled: LoadSample | None = None

    @property
    def name(self) -> str:
        """The function's name."""
        return self.manifest.metadata.name


class Supervisor:
    """Keeps each function's workers at the number that ``decide`` says."""

    def __init__(
        self,
        managed: Iterable[Managed],
        *,
        queue: RedisQueue,
        services: Services,
        console: Console,
        clock: Clock,
        wake: asyncio.Event,
        log: ScalingLog,
        gauges: SupervisorGauges,
    ) -> None:
        """Nothing happens before ``run``."""
        self.managed = {one.name: one for one in managed}
        self._queue = queue
        self._services = services
        self._console = console
        self._clock = clock
        self._wake = wake
        self._log = log
        self._gauges = gauges
        self._blind = False
        self._halted = False

    def halt(self) -> None:
        """Make ``run`` end after the present turn, in case a cancellation gets lost.

        On Python 3.11 ``asyncio.wait_for``, and with it any command of the Redis client, swallows a
        cancellation that arrives while it completes (cpython issue 81839).
        """
        self._halted = True

    async def run(self) -> None:
        """Until cancelled or halted."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_events())
            group.create_task(self._upkeep())
            group.create_task(self._scale())

    async def stop(self, *, grace_s: float) -> None:
        """Drain every worker."""
        await asyncio.gather(*(one.fleet.stop(grace_s=grace_s) for one in self.managed.values()))

    async def _scale(self) -> None:
        while not self._halted:
            began_s = self._clock.mono_s()
            await self.turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            spent_s = self._clock.mono_s() - began_s
            await asyncio.sleep(max(GATHER_S, TURN_SPACING_S - spent_s))
            self._wake.clear()

    async def turn(self) -> None:
        """Look at every function once, decide, act."""
        names = list(self.managed)
        try:
            depths = dict(zip(names, await self._queue.all_depths(names), strict=True))
            sights = await self._services.sights()
        except AsyncTaskFlowError as error:
            depths, sights = {}, {}
            self._lost_sight(error)
        else:
            self._found_sight()
        for one in self.managed.values():
            await self._steer(one, depths.get(one.name), sights)
        self._gauges.turned(blind=self._blind)

    async def _steer(
        self, one: Managed, depths: QueueDepths | None, sights: dict[str, DependencySight]
    ) -> None:
        queue, reported = None, dict[int, WorkerInfo]()
        if depths:
            try:
                queue = await see_queue(self._queue, depths, lead_s=one.policy.lead_s)
                reported = {info.pid: info for info in await self._queue.workers(one.name)}
            except AsyncTaskFlowError as error:
                queue = None
                self._lost_sight(error)
        one.fleet.confirm(reported)
        one.p50_run_s = median_run_s(reported.values(), before_s=one.p50_run_s)
        workers = see_workers(one.fleet.members, reported)
        names = one.manifest.spec.dependencies
        seen = observe(
            queue=queue,
            workers=workers,
            p50_run_s=one.p50_run_s,
            last_arrival_s=one.last_arrival_s,
            dependencies=tuple(sights[name] for name in names if name in sights),
        )
        now_s = (depths.now_ms if depths else self._clock.wall_ms()) / 1000
        decision = decide(seen, one.policy, one.memory, now_s=now_s)
        one.memory = decision.memory
        ready = sum(worker.ready and not worker.draining for worker in workers)
        self._gauges.decided(one.name, decision, one.fleet.crew(ready=ready))
        await self._keep(one, decision, queue, ready=ready, at_ms=round(now_s * 1000))
        victims = choose_victims(workers, count=decision.victims)
        await self._act(one, decision, frozenset(map(int, victims)))

    async def _keep(
        self, one: Managed, decision: Decision, queue: QueueSight | None, *, ready: int, at_ms: int
    ) -> None:
        """Keep decision and load where a dashboard finds them, if they are news and Redis answers."""
        if self._blind:
            return
        record = DecisionRecord.of(decision, at_ms=at_ms, ready=ready)
        try:
            if record.is_news_after(one.last):
                await self._log.append(one.name, record)
                one.last = record
            if queue is None:
                return
            sample = LoadSample.of(queue, desired=decision.replicas, ready=ready, at_ms=at_ms)
            if sample.is_news_after(one.sampled):
                await self._log.note(one.name, sample)
                one.sampled = sample
        except AsyncTaskFlowError as error:
            self._lost_sight(error)

    async def _act(self, one: Managed, decision: Decision, victims: frozenset[int]) -> None:
        missing = decision.replicas - decision.previous
        if not decision.acts or not missing:
            return
        acted = False
        if missing < 0:
            acted = await self._drain(one, victims)
        elif not one.fleet.backoff_s():
            await one.fleet.start(missing)
            acted = True
        if acted:
            self._console.say(f"{one.name}: {decision.reason}")

    async def _drain(self, one: Managed, victims: frozenset[int]) -> bool:
        """Stop those of the victims that hold no task; whether there was one.

        What a worker last reported may be old, and one that starts has reported nothing. So the queue decides,
        and hands out nothing more to those that it names.
        """
        chosen = {m.worker_id: m.child.pid for m in one.fleet.members if m.child.pid in victims}
        try:
            idle = await self._queue.drain_workers(one.name, list(chosen))
        except AsyncTaskFlowError as error:
            self._lost_sight(error)
            return False
        one.fleet.drain(frozenset(chosen[worker_id] for worker_id in idle))
        return bool(idle)

    async def _follow_events(self) -> None:
        after = dict.fromkeys(self.managed, "$")
        while not self._halted:
            try:
                await self._read_events(after)
                await asyncio.sleep(TURN_SPACING_S)
            except AsyncTaskFlowError:
                await asyncio.sleep(PAUSE_AFTER_ERROR_S)

    async def _read_events(self, after: dict[str, str]) -> None:
        """Where more happens than a look needs to know, skip to the newest event."""
        events = await self._queue.events(after, block_ms=EVENT_BLOCK_MS, limit=EVENT_LIMIT)
        for event in events:
            after[event.function] = event.stream_id
            self._note(event)
        if len(events) >= EVENT_LIMIT:
            for name in {event.function for event in events}:
                after[name] = await self._queue.last_event_id(name)

    def _note(self, event: Event) -> None:
        if event.kind == "progress":
            return
        if event.kind in ARRIVALS:
            self.managed[event.function].last_arrival_s = event.at_ms / 1000
        self._wake.set()

    async def _upkeep(self) -> None:
        tick = 0
        while not self._halted:
            for one in self.managed.values():
                try:
                    await self._clean(one, purge=tick % PURGE_EVERY == 0)
                except AsyncTaskFlowError as error:
                    self._lost_sight(error)
            tick += 1
            await asyncio.sleep(TICK_S)

    async def _clean(self, one: Managed, *, purge: bool) -> None:
        spec = one.manifest.spec
        if await self._queue.reap(one.name, max_deliveries=spec.queue.max_deliveries):
            self._wake.set()
        if purge:
            await self._queue.purge(one.name, **retention(spec.history))

    def _found_sight(self) -> None:
        if self._blind:
            self._console.say("Redis answers again")
        self._blind = False

    def _lost_sight(self, error: AsyncTaskFlowError) -> None:
        if not self._blind:
            self._console.say(f"{error}: workers stay as they are")
        self._blind = True
