"""Builds one operator from its settings and runs its parts together: when one ends, all do."""

import asyncio
from dataclasses import dataclass

import kopf
from kopf._core.engines.peering import Identity  # no public name for it

from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.clock import Clock
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.scaling_log import RedisScalingLog
from asynctaskflow_operator.dependencies.keeper import DependencyKeeper
from asynctaskflow_operator.events import Events
from asynctaskflow_operator.functions.book import Book
from asynctaskflow_operator.functions.deletion import FunctionDeletion
from asynctaskflow_operator.functions.publisher import FunctionPublisher
from asynctaskflow_operator.functions.reconcile import FunctionReconciler
from asynctaskflow_operator.functions.upkeep import FunctionUpkeep
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.handlers import Handlers, Parts, configure
from asynctaskflow_operator.health import Health
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.kube.port import Kube
from asynctaskflow_operator.manifests.worker import Installation
from asynctaskflow_operator.scaling.loop import ScalingLoop
from asynctaskflow_operator.scaling.replicas import Replicas
from asynctaskflow_operator.settings import OperatorSettings
from asynctaskflow_operator.stream import EventFollower
from asynctaskflow_operator.tasks.desk import TaskDesk


class WatchesEnded(Exception):
    """Kopf was told to stop: it takes over SIGTERM and SIGINT while it runs."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an operator stands on."""

    settings: OperatorSettings
    kube: Kube
    clock: Clock
    gauges: OperatorGauges
    health: Health


@dataclass(frozen=True, slots=True)
class Clients:
    """Connections to Redis: for commands, and for reads that wait."""

    commands: AsyncRedis
    blocking: AsyncRedis

    @classmethod
    def open(cls, settings: OperatorSettings) -> "Clients":
        """Connect when first asked."""
        options = RedisOptions(
            settings.redis_url.get_secret_value(), timeout_s=settings.redis_timeout_s
        )
        return cls(open_async(options), open_async(options, blocking=True))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.commands.aclose()
        await self.blocking.aclose()


@dataclass(frozen=True, slots=True)
class Shared:
    """What several parts work on."""

    outbox: Outbox
    blobs: BlobStore
    queue: RedisQueue
    book: Book
    events: Events

    @classmethod
    def build(cls, ground: Ground, clients: Clients) -> "Shared":
        """Build it; nothing is sent yet."""
        settings, clock = ground.settings, ground.clock
        outbox = Outbox(per_s=settings.writes_per_s, burst=settings.writes_burst, clock=clock)
        blobs = open_blobs(clients.commands, url=settings.blob_url.get_secret_value(), clock=clock)
        queue = RedisQueue(clients.commands, blocking=clients.blocking, blobs=blobs)
        events = Events(
            ground.kube, outbox, namespace=settings.namespace, pod=settings.pod, clock=clock
        )
        return cls(outbox, blobs, queue, Book(), events)


class Operator:
    """One operator that acts."""

    def __init__(self, ground: Ground, clients: Clients) -> None:
        """Build the parts; nothing is sent yet."""
        self._ground = ground
        self._shared = shared = Shared.build(ground, clients)
        self._tasks = TaskDesk(
            kube=ground.kube,
            outbox=shared.outbox,
            queue=shared.queue,
            blobs=shared.blobs,
            functions=shared.book,
            clock=ground.clock,
            settings=ground.settings,
            gauges=ground.gauges,
        )
        self._publisher = FunctionPublisher(
            shared.book,
            kube=ground.kube,
            outbox=shared.outbox,
            visibility=self._tasks,
            events=shared.events,
            clock=ground.clock,
        )
        self._dependencies = DependencyKeeper(
            RedisDependencies(clients.commands),
            kube=ground.kube,
            outbox=shared.outbox,
            events=shared.events,
            users=shared.book.users_of,
            turned=self._breaker_turned,
        )
        self._loop = self._scaling_loop(clients)
        self._follower = EventFollower(
            shared.queue, clients.commands, ground.clock, (self._loop, self._tasks)
        )

    async def run(self) -> None:
        """Until cancelled, or until one part fails."""
        ground, outbox, parts = self._ground, self._shared.outbox, self._parts()
        ground.gauges.watch(
            writes_waiting=lambda: len(outbox),
            write_lag_s=outbox.lag_s,
            loop_age_s=ground.health.loop_age_s,
            watch_age_s=ground.health.watch_age_s,
        )
        ground.health.follow(loop_age_s=self._loop.age_s, blind=lambda: self._loop.blind)
        async with asyncio.TaskGroup() as group:
            group.create_task(outbox.run())
            group.create_task(self._loop.run())
            group.create_task(self._follower.run())
            group.create_task(self._dependencies.run())
            group.create_task(parts.upkeep.run())
            group.create_task(self._tasks.run())
            group.create_task(self._watch(parts))

    async def _watch(self, parts: Parts) -> None:
        """Kopf's watches, until cancelled.

        Raises:
            WatchesEnded
        """
        settings = kopf.OperatorSettings()
        configure(settings, kube_timeout_s=self._ground.settings.kube_timeout_s)
        registry = kopf.OperatorRegistry()
        Handlers(parts).register(registry)
        await kopf.operator(
            registry=registry,
            settings=settings,
            standalone=True,
            # Kopf would make one up from the user's name, and a container's user has none.
            identity=Identity(self._ground.settings.pod),
            namespaces=[self._ground.settings.namespace],
        )
        raise WatchesEnded

    def _parts(self) -> Parts:
        shared, clock = self._shared, self._ground.clock
        reconciler = FunctionReconciler(
            shared.book,
            kube=self._ground.kube,
            queue=shared.queue,
            events=shared.events,
            installation=_installation(self._ground.settings),
        )
        deletion = FunctionDeletion(
            shared.book,
            queue=shared.queue,
            events=shared.events,
            clock=clock,
            end_tasks=self._tasks.end_all,
            forget=self._forget,
        )
        upkeep = FunctionUpkeep(
            shared.book,
            queue=shared.queue,
            reconciler=reconciler,
            events=shared.events,
            clock=clock,
        )
        return Parts(
            book=shared.book,
            reconciler=reconciler,
            deletion=deletion,
            publisher=self._publisher,
            upkeep=upkeep,
            loop=self._loop,
            follower=self._follower,
            dependencies=self._dependencies,
            tasks=self._tasks,
            health=self._ground.health,
            lease_name=self._ground.settings.lease_name,
        )

    def _scaling_loop(self, clients: Clients) -> ScalingLoop:
        ground, shared = self._ground, self._shared
        replicas = Replicas(ground.kube, shared.queue, shared.events, ground.gauges, ground.clock)
        return ScalingLoop(
            shared.book,
            queue=shared.queue,
            decisions=RedisScalingLog(clients.commands),
            dependencies=self._dependencies,
            replicas=replicas,
            published=self._publisher.publish,
            gauges=ground.gauges,
            clock=ground.clock,
            tick_s=ground.settings.safety_tick_s,
        )

    def _breaker_turned(self, dependency: str) -> None:
        for name in self._shared.book.users_of(dependency):
            self._loop.wake(name)

    def _forget(self, function: str) -> None:
        self._follower.leave(function)
        self._ground.gauges.forget(function)


def _installation(settings: OperatorSettings) -> Installation:
    return Installation(
        namespace=settings.namespace,
        redis_secret=settings.redis_secret,
        redis_secret_key=settings.redis_secret_key,
        blob_secret=settings.worker_blob_secret,
        log_level=settings.worker_log_level,
    )
