"""One worker process, put together: clients, loop, heartbeat, probes, signals; and taken apart again."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from prometheus_client import REGISTRY

from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.dependencies.guard import DependencyGuard, Surroundings
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.logs import get_logger
from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.store.connection import (
    AsyncRedis,
    RedisOptions,
    SyncRedis,
    open_async,
    open_sync,
)
from asynctaskflow.taskqueue.keeper import RedisLeaseKeeper
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow.worker.attempt import AttemptLimits, Attempts
from asynctaskflow.worker.context import Guard, Services
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Execution, Running
from asynctaskflow.worker.faultpoints import Faultpoints
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.handlers import Handlers, LoopHandlers, ThreadHandlers
from asynctaskflow.worker.heartbeat import Heartbeat, HeartbeatLimits, HeartbeatPorts
from asynctaskflow.worker.identity import Identity, identify
from asynctaskflow.worker.janitor import Janitor
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.loop import LoopLimits, WorkerLoop
from asynctaskflow.worker.manifest import effective
from asynctaskflow.worker.probes import Probes, ProbeServer, Verdict
from asynctaskflow.worker.progress import ProgressPump
from asynctaskflow.worker.startup import prepare
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally
from asynctaskflow.worker.watch import Watch

LIVE_MARGIN_S = 30.0
LEASE_MARGIN = 1 / 6
HEARTBEATS_PER_LEASE = 3
KEEPER_TRIES_PER_LEASE = 4
ACTIVE_TASKS_TOLD = 32

AnyFunction = FunctionDefinition[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker process is started with.

    Attributes:
        handler: ``module:function``, as on the command line.
        spec: from a manifest; ``None``: as registered in Redis, or defaults.
    """

    definition: AnyFunction
    handler: str
    settings: WorkerSettings
    spec: FunctionSpec | None = None


class WorkerProcess:
    """Runs one worker to its end."""

    def __init__(self, plan: WorkerPlan) -> None:
        """Nothing is opened until ``run``."""
        self._plan = plan
        self._settings = plan.settings
        self._function = plan.definition.name
        self._clock: Clock = SystemClock()
        self._roll: Callable[[], float] = random.random
        self._identity: Identity = identify(plan.settings, started_ms=self._clock.wall_ms())
        self._tally = Tally(WorkerMetrics(self._function, REGISTRY))
        self._running = Running()
        self._link = Link(
            self._clock,
            base_s=plan.settings.reconnect_base_s,
            cap_s=plan.settings.reconnect_cap_s,
        )
        self._stopping = Stopping(self._clock, unwind_s=plan.settings.unwind_s)
        self._watch: Watch | None = None
        self._spec: FunctionSpec | None = None
        self._handlers: Handlers | None = None

    async def run(self) -> int:
        """Until stopped by a signal or by itself; the exit code."""
        get_logger().info(
            "worker_starting", function=self._function, worker=self._identity.id
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.ask, number.name)
        async with AsyncExitStack() as stack:
            self._listen(stack)
            client = self._open(stack, blocking=False)
            spec = await prepare(
                client,
                self._plan.definition,
                self._plan.spec,
                handler=self._plan.handler,
                link=self._link,
                stopping=self._stopping,
                roll=self._roll,
            )
            if spec is not None:
                await self._work(stack, client, effective(spec, self._settings))
        code = self._stopping.exit
        get_logger().info("worker_stopped", exit_code=int(code), completed=self._tally.completed)
        return int(code)

    def _listen(self, stack: AsyncExitStack) -> None:
        probes = Probes(live=self._live, ready=self._ready, metrics=self._metrics)
        server = ProbeServer(
            probes, host=self._settings.probe_host, port=self._settings.probe_port
        )
        stack.callback(server.close)
        get_logger().info("probes_listening", host=self._settings.probe_host, port=server.port)

    def _open(self, stack: AsyncExitStack, *, blocking: bool) -> AsyncRedis:
        options = RedisOptions(
            self._settings.redis_url.get_secret_value(), timeout_s=self._settings.redis_timeout_s
        )
        client = open_async(options, blocking=blocking)
        stack.push_async_callback(client.aclose)
        return client

    def _open_sync(self, stack: AsyncExitStack, *, lease_s: float) -> SyncRedis:
        """For the heartbeat: with a deadline short enough for several tries within one lease."""
        timeout_s = min(self._settings.redis_timeout_s, lease_s / KEEPER_TRIES_PER_LEASE)
        client = open_sync(
            RedisOptions(
                self._settings.redis_url.get_secret_value(), timeout_s=timeout_s, retries=1
            )
        )
        stack.callback(client.close)
        return client
