"""One loop for all Functions: look at queue, pods and dependencies, decide, act.

Woken for one Function by its events and pods, and for all by a safety tick, where those that sleep cost one Redis
command together. Never scales on what it cannot see: an unreadable queue changes nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.scaling import DecisionRecord, DependencySight, LoadSample, QueueSight, decide
from asynctaskflow.taskqueue.messages import Event, QueueDepths, WorkerInfo
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.scaling_log import ScalingLog
from asynctaskflow.taskqueue.sight import ARRIVALS, median_run_s, observe, see_queue
from asynctaskflow_operator.functions.book import Book, Managed
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.guarded import guarded
from asynctaskflow_operator.kube.port import KubeError
from asynctaskflow_operator.rules.workers import see_pods
from asynctaskflow_operator.scaling.replicas import Replicas

GATHER_S = 0.01  # events of one burst are looked at together
TURN_SPACING_S = 0.1  # and under a steady load no more often than this
DEPTHS_AT_ONCE = 100
AT_ONCE = 8

log = structlog.get_logger()


class Dependencies(Protocol):
    """What is known of the external services."""

    def sights(self, names: tuple[str, ...]) -> tuple[DependencySight, ...]:
        """Those of these names that are known."""
        ...


class ScalingLoop:
    """Keeps each Function's Deployment at the number that ``decide`` says.

    Args:
        published: called after a look at a Function, so that its status follows.
    """

    def __init__(
        self,
        book: Book,
        *,
        queue: RedisQueue,
        decisions: ScalingLog,
        dependencies: Dependencies,
        replicas: Replicas,
        published: Callable[[Managed], None],
        gauges: OperatorGauges,
        clock: Clock,
        tick_s: float,
    ) -> None:
        """Nothing happens before ``run``."""
        self._book = book
        self._queue = queue
        self._decisions = decisions
        self._dependencies = dependencies
        self._replicas = replicas
        self._published = published
        self._gauges = gauges
        self._clock = clock
        self._tick_s = tick_s
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._looked_s = clock.mono_s()
        self._blind = False
        self._room = asyncio.Semaphore(AT_ONCE)

    def wake(self, function: str) -> None:
        """Something has happened to this Function: look soon."""
        self._dirty.add(function)
        self._wake.set()

    def note(self, event: Event) -> None:
        """One transition of a task; see ``stream.Listener``."""
        one = self._book.get(event.function)
        if one is None or event.kind == "progress":
            return
        if event.kind in ARRIVALS:
            one.last_arrival_s = event.at_ms / 1000
        self.wake(event.function)

    def missed(self, function: str, *, since_ms: int) -> None:  # noqa: ARG002 - the port's signature
        """Transitions were lost; see ``stream.Listener``."""
        self.wake(function)

    def age_s(self) -> float:
        """Seconds since the last look at all Functions."""
        return self._clock.mono_s() - self._looked_s

    @property
    def blind(self) -> bool:
        """Whether Redis did not answer at the last look."""
        return self._blind

    async def run(self) -> None:
        """Until cancelled."""
        due_s = self._clock.mono_s()
        while True:
            began_s = self._clock.mono_s()
            everything = began_s >= due_s
            if everything:
                due_s = began_s + self._tick_s
            await self._turn(everything=everything)
            spent_s = self._clock.mono_s() - began_s
            await asyncio.sleep(max(GATHER_S, TURN_SPACING_S - spent_s))
            await self._until(due_s)

    async def _until(self, due_s: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, due_s - self._clock.mono_s())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _turn(self, *, everything: bool) -> None:
        self._wake.clear()
        names, self._dirty = self._dirty, set()
        try:
            if everything:
                names |= await self._restless()
            depths = await self._depths(sorted(names))
        except QueueUnavailable as error:
            depths = {}
            names |= {one.name for one in self._book if not (self._blind and one.sleeps)}
            self._lost_sight(error)
        else:
            self._blind = False
        await asyncio.gather(*(self._steer_one(name, depths.get(name)) for name in sorted(names)))
        if everything:
            self._looked_s = self._clock.mono_s()
            self._gauges.looked_after(len(self._book))

    async def _restless(self) -> set[str]:
        """Functions that need a look at every tick, and those of the sleeping ones where a task has appeared."""
        asleep = [one.name for one in self._book if one.sleeps]
        awake = {one.name for one in self._book} - set(asleep)
        return awake | await self._queue.stirring(asleep)

    async def _depths(self, names: list[str]) -> dict[str, QueueDepths]:
        found: dict[str, QueueDepths] = {}
        for begin in range(0, len(names), DEPTHS_AT_ONCE):
            part = names[begin : begin + DEPTHS_AT_ONCE]
            found |= zip(part, await self._queue.all_depths(part), strict=True)
        return found

    async def _steer_one(self, name: str, depths: QueueDepths | None) -> None:
        """A few Functions at once: one whose API server writes are slow must not hold the others up."""
        async with self._room:
            one = self._book.get(name)
            if one is not None and one.policy is not None:
                await guarded(self._steer(one, depths), foreseen=(), what="scaling", name=name)

    async def _steer(self, one: Managed, depths: QueueDepths | None) -> None:
        """Look at one Function, decide, act; what the API server does not do now is decided again next time."""
        queue, reported = await self._look(one, depths)
        policy, spec = one.policy, one.spec
        if policy is None or spec is None:
            return
        one.p50_run_s = median_run_s(reported.values(), before_s=one.p50_run_s)
        one.dependencies = self._dependencies.sights(spec.dependencies)
        offered = self._replicas.settle(one)
        workers = see_pods(one.workers.pods.values(), reported, offered=offered)
        seen = observe(
            queue=queue,
            workers=workers,
            p50_run_s=one.p50_run_s,
            last_arrival_s=one.last_arrival_s,
            dependencies=one.dependencies,
            replicas=one.workers.asked or 0,
        )
        now_s = (depths.now_ms if depths else self._clock.wall_ms()) / 1000
        decision = decide(seen, policy, one.memory, now_s=now_s)
        one.memory, one.decision, one.busy = decision.memory, decision, seen.busy
        one.depths = depths if queue else None
        self._gauges.decided(one.name, decision)
        await self._record(one, queue, at_ms=round(now_s * 1000))
        try:
            await self._replicas.follow(one, decision, workers)
        except (KubeError, QueueUnavailable) as error:
            log.warning("replicas_not_changed", function=one.name, error=str(error))
        self._published(one)

    async def _look(
        self, one: Managed, depths: QueueDepths | None
    ) -> tuple[QueueSight | None, Mapping[str, WorkerInfo]]:
        if depths is None or one.policy is None:
            return None, {}
        try:
            queue = await see_queue(self._queue, depths, lead_s=one.policy.lead_s)
            found = await self._queue.workers(one.name) if one.workers.pods else []
        except QueueUnavailable as error:
            self._lost_sight(error)
            return None, {}
        return queue, {worker.id: worker for worker in found}

    async def _record(self, one: Managed, queue: QueueSight | None, *, at_ms: int) -> None:
        """Keep decision and load where people find them, if they are news and Redis answers."""
        decision, ready = one.decision, one.workers.ready
        if decision is None:
            return
        record = DecisionRecord.of(decision, at_ms=at_ms, ready=ready)
        try:
            if record.is_news_after(one.records[0] if one.records else None):
                one.keep(record)
                await self._decisions.append(one.name, record)
            if queue is None:
                return
            sample = LoadSample.of(queue, desired=decision.replicas, ready=ready, at_ms=at_ms)
            if sample.is_news_after(one.sampled):
                one.sampled = sample
                await self._decisions.note(one.name, sample)
        except QueueUnavailable as error:
            self._lost_sight(error)

    def _lost_sight(self, error: QueueUnavailable) -> None:
        if not self._blind:
            log.warning("queues_unreadable", error=str(error), effect="workers stay as they are")
        self._blind = True
