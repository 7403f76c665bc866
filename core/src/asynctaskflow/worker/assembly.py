"""Puts the parts of a worker together; none of them makes another. Decides nothing, runs nothing."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.clock import Clock
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.store.connection import AsyncRedis, SyncRedis
from asynctaskflow.taskqueue.keeper import RedisLeaseKeeper
from asynctaskflow.taskqueue.registry import RedisRegistry
from asynctaskflow.taskqueue.steering import RedisSteering
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow.worker.attempt import Attempts
from asynctaskflow.worker.children import ChildHandlers
from asynctaskflow.worker.context import Blobs, GuardFactory, Services
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Execution, Running
from asynctaskflow.worker.faultpoints import Faultpoints
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.guards import guard_factory
from asynctaskflow.worker.handlers import Handlers, LoopHandlers, ThreadHandlers
from asynctaskflow.worker.heartbeat import Heartbeat, HeartbeatPorts
from asynctaskflow.worker.identity import Identity
from asynctaskflow.worker.janitor import Janitor
from asynctaskflow.worker.last_chance import LastChance
from asynctaskflow.worker.limits import (
    attempt_limits,
    heartbeat_limits,
    lease_margin_s,
    lease_ms,
    loop_limits,
)
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.live_spec import LiveSpec
from asynctaskflow.worker.loop import WorkerLoop
from asynctaskflow.worker.manifest import effective
from asynctaskflow.worker.progress import ProgressPump
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally
from asynctaskflow.worker.watch import Watch

ACTIVE_TASKS_TOLD = 32

AnyFunction = FunctionDefinition[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a worker stands on before it has spoken to Redis.

    Attributes:
        handler: ``module:function``, as on the command line.
        roll: uniform in [0, 1).
    """

    definition: AnyFunction
    handler: str
    settings: WorkerSettings
    identity: Identity
    running: Running
    tally: Tally
    link: Link
    stopping: Stopping
    clock: Clock
    roll: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Clients:
    """Connections to Redis, one of a kind for each way of waiting.

    Attributes:
        blocking: without a socket deadline, for reads that wait for work.
        keeper: for the heartbeat's thread.
    """

    commands: AsyncRedis
    blocking: AsyncRedis
    keeper: SyncRedis


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs."""

    source: RedisWorkSource
    attempts: Attempts
    loop: WorkerLoop
    watch: Watch
    keeper: RedisLeaseKeeper
    heartbeat: Heartbeat
    progress: ProgressPump
    janitor: Janitor
    handlers: Handlers
    live: LiveSpec

    def adopt(self, spec: FunctionSpec, settings: WorkerSettings) -> None:
        """Run by a changed spec from now on; connections keep the deadlines that they were opened with."""
        max_deliveries = spec.queue.max_deliveries
        self.source.adopt(lease_ms=lease_ms(spec), max_deliveries=max_deliveries)
        self.attempts.adopt(attempt_limits(spec, settings), spec.retry)
        # Never a wider one: tasks under an old, shorter lease would be taken for lost before it is renewed.
        self.watch.lease_margin_s = min(self.watch.lease_margin_s, lease_margin_s(spec))
        self.keeper.lease_ms = lease_ms(spec)
        self.heartbeat.adopt(heartbeat_limits(spec, settings))
        self.janitor.adopt(spec.history)
        self.loop.adopt(loop_limits(spec, settings), max_deliveries=max_deliveries)


def assemble(
    ground: Ground, clients: Clients, spec: FunctionSpec, *, follows_registry: bool
) -> Parts:
    """All parts for one function, in the running event loop.

    Args:
        follows_registry: changes of the registered spec count; not beside a manifest of its own.
    """
    source = _source(ground, clients, spec)
    store = open_blobs(
        clients.commands, url=ground.settings.blob_url.get_secret_value(), clock=ground.clock
    )
    blobs = FunctionBlobs(store, ground.definition.name, max_bytes=ground.settings.max_blob_bytes)
    progress = ProgressPump(source)
    handlers = _handlers(ground, clients, spec, progress=progress, blobs=blobs)
    attempts = _attempts(ground, spec, handlers, progress=progress, blobs=blobs)
    loop = _loop(ground, spec, source, attempts)
    progress.on_lost = loop.lease_lost
    ground.stopping.on_change = loop.nudge
    watch = _watch(ground, spec, loop, handlers)
    live = LiveSpec(
        RedisRegistry(clients.commands),
        function=ground.definition.name,
        start=spec,
        effective=lambda registered: effective(registered, ground.settings),
    )
    keeper = _keeper(ground, clients, spec, live if follows_registry else None)
    return Parts(
        source=source,
        attempts=attempts,
        loop=loop,
        watch=watch,
        keeper=keeper,
        heartbeat=_heartbeat(ground, keeper, live, loop, watch),
        progress=progress,
        janitor=_janitor(ground, clients, spec, store),
        handlers=handlers,
        live=live,
    )


def _source(ground: Ground, clients: Clients, spec: FunctionSpec) -> RedisWorkSource:
    return RedisWorkSource(
        clients.commands,
        blocking=clients.blocking,
        function=ground.definition.name,
        worker_id=ground.identity.id,
        lease_ms=lease_ms(spec),
        roll=ground.roll,
        max_deliveries=spec.queue.max_deliveries,
        timeout_s=ground.settings.redis_timeout_s,
    )


def _watch(ground: Ground, spec: FunctionSpec, loop: WorkerLoop, handlers: Handlers) -> Watch:
    return Watch(
        ground.running,
        stopping=ground.stopping,
        clock=ground.clock,
        lease_margin_s=lease_margin_s(spec),
        abandon=loop.abandon,
        stuck=handlers.stuck,
        on_look=loop.nudge,
    )


def _handlers(
    ground: Ground,
    clients: Clients,
    spec: FunctionSpec,
    *,
    progress: ProgressPump,
    blobs: Blobs,
) -> Handlers:
    definition = ground.definition
    if not definition.is_async and spec.concurrency.isolation == "process":
        return ChildHandlers(ground.handler, progress=progress, clock=ground.clock)
    services = Services(
        clock=ground.clock,
        progress=progress,
        dependencies=definition.dependencies,
        guard=_guards(ground, clients) if definition.dependencies else None,
        blobs=blobs,
    )
    kind = LoopHandlers if definition.is_async else ThreadHandlers
    return kind(definition, services)


def _guards(ground: Ground, clients: Clients) -> GuardFactory:
    return guard_factory(clients.commands, clock=ground.clock, roll=ground.roll)


def _attempts(
    ground: Ground,
    spec: FunctionSpec,
    handlers: Handlers,
    *,
    progress: ProgressPump,
    blobs: Blobs,
) -> Attempts:
    return Attempts(
        ground.definition,
        handlers,
        progress=progress,
        blobs=blobs,
        retry=spec.retry,
        limits=attempt_limits(spec, ground.settings),
        clock=ground.clock,
        roll=ground.roll,
    )


def _loop(
    ground: Ground, spec: FunctionSpec, source: RedisWorkSource, attempts: Attempts
) -> WorkerLoop:
    return WorkerLoop(
        source,
        running=ground.running,
        attempts=attempts,
        gate=Gate(max_s=ground.settings.gate_max_s),
        last_chance=LastChance(max_deliveries=spec.queue.max_deliveries),
        link=ground.link,
        stopping=ground.stopping,
        tally=ground.tally,
        faultpoints=Faultpoints(ground.settings.faultpoint),
        limits=loop_limits(spec, ground.settings),
        clock=ground.clock,
        roll=ground.roll,
        idle_claims=source.idle_claims(),
    )


def _keeper(
    ground: Ground, clients: Clients, spec: FunctionSpec, live: LiveSpec | None
) -> RedisLeaseKeeper:
    asyncio_loop = asyncio.get_running_loop()

    def tell(revision: str) -> None:
        if live is not None:
            asyncio_loop.call_soon_threadsafe(live.told, revision)

    return RedisLeaseKeeper(
        clients.keeper,
        function=ground.definition.name,
        worker_id=ground.identity.id,
        lease_ms=lease_ms(spec),
        on_revision=tell,
    )


def _heartbeat(
    ground: Ground, keeper: RedisLeaseKeeper, live: LiveSpec, loop: WorkerLoop, watch: Watch
) -> Heartbeat:
    asyncio_loop = asyncio.get_running_loop()

    def on_lost(execution: Execution) -> None:
        asyncio_loop.call_soon_threadsafe(loop.lease_lost, execution)

    return Heartbeat(
        keeper,
        ground.running,
        limits=heartbeat_limits(live.current, ground.settings),
        ports=HeartbeatPorts(
            record=lambda: _record(ground, live.current, draining=loop.draining),
            loop_seen_s=lambda: watch.seen_s,
            on_lost=on_lost,
            on_reaped=ground.tally.metrics.leases_expired.inc,
        ),
        clock=ground.clock,
    )


def _record(
    ground: Ground, spec: FunctionSpec, *, draining: bool
) -> Mapping[str, str | int | float]:
    """The fields of ``WorkerInfo`` that only this worker knows."""
    me, tally = ground.identity, ground.tally
    active = [one.task.id.uuid for one in ground.running.snapshot() if not one.ended]
    return {
        "state": "draining" if ground.stopping.asked or draining else "running",
        "started": me.started_ms,
        "host": me.host,
        "pid": me.pid,
        "pod": me.pod,
        "version": me.version,
        "slots": spec.concurrency.slots_per_worker,
        "active": len(active),
        "completed": tally.completed,
        "failed": tally.failed,
        "stale_writes": tally.stale_writes,
        "p50_run_ms": tally.p50_run_ms(),
        "active_tasks": " ".join(active[:ACTIVE_TASKS_TOLD]),
    }


def _janitor(ground: Ground, clients: Clients, spec: FunctionSpec, store: BlobStore) -> Janitor:
    return Janitor(
        RedisSteering(clients.commands, blobs=store),
        function=ground.definition.name,
        history=spec.history,
        tick_s=ground.settings.purge_tick_s,
        on_purged=ground.tally.metrics.purged.inc,
    )
