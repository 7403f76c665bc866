"""One worker process from its start to its exit code: signals, probes, connections, and the way down."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Any

from prometheus_client import REGISTRY

from asynctaskflow.clock import SystemClock
from asynctaskflow.logs import get_logger
from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.store.connection import RedisOptions, open_async, open_sync
from asynctaskflow.worker.assembly import Clients, Ground, Parts, assemble
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Running
from asynctaskflow.worker.identity import identify
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.manifest import effective
from asynctaskflow.worker.probes import Probes, ProbeServer, Verdict
from asynctaskflow.worker.startup import prepare
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally

LIVE_MARGIN_S = 30.0
KEEPER_TRIES_PER_LEASE = 4
CANCEL_AGAIN_S = 0.1


def lay_ground(
    definition: FunctionDefinition[Any, Any, Any], handler: str, settings: WorkerSettings
) -> Ground:
    """Everything that needs no Redis; ``handler`` is ``module:function``."""
    clock = SystemClock()
    return Ground(
        definition=definition,
        handler=handler,
        settings=settings,
        identity=identify(settings, started_ms=clock.wall_ms()),
        running=Running(),
        tally=Tally(WorkerMetrics(definition.name, REGISTRY)),
        link=Link(clock, base_s=settings.reconnect_base_s, cap_s=settings.reconnect_cap_s),
        stopping=Stopping(clock, unwind_s=settings.unwind_s),
        clock=clock,
        roll=random.random,
    )


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until it works: redis-py can lose a cancellation that comes while it connects."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


class WorkerProcess:
    """Runs one worker to its end."""

    def __init__(self, ground: Ground, own: FunctionSpec | None) -> None:
        """Nothing is opened until ``run``; ``own`` is the manifest's spec, if there is one."""
        self._ground = ground
        self._own = own
        self._parts: Parts | None = None
        self._live_s = LIVE_MARGIN_S

    async def run(self) -> int:
        """Until stopped by a signal or by itself; the exit code."""
        ground, log = self._ground, get_logger()
        log.info("worker_starting", function=ground.definition.name, worker=ground.identity.id)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ground.stopping.ask, number.name)
        async with AsyncExitStack() as stack:
            self._listen(stack)
            commands = open_async(self._options())
            stack.push_async_callback(commands.aclose)
            spec = await prepare(
                commands,
                ground.definition,
                self._own,
                handler=ground.handler,
                may_register=not ground.settings.pod,
                link=ground.link,
                stopping=ground.stopping,
                roll=ground.roll,
            )
            if spec is not None:
                await self._work(stack, commands, effective(spec, ground.settings))
        code = int(ground.stopping.exit)
        log.info("worker_stopped", exit_code=code, completed=ground.tally.completed)
        return code

    async def _work(self, stack: AsyncExitStack, commands: Any, spec: FunctionSpec) -> None:
        clients = self._clients(stack, commands, lease_s=spec.timeouts.lease_seconds)
        parts = self._parts = assemble(
            self._ground, clients, spec, follows_registry=self._own is None
        )
        self._run_by(spec)
        parts.live.on_change = lambda changed: self._take_over(parts, changed)
        parts.heartbeat.start()
        get_logger().info(
            "worker_running",
            slots=spec.concurrency.slots_per_worker,
            lease_s=spec.timeouts.lease_seconds,
        )
        try:
            await self._drive(parts)
        finally:
            await asyncio.to_thread(parts.heartbeat.finish)
            await parts.handlers.close()

    def _run_by(self, spec: FunctionSpec) -> None:
        self._ground.stopping.grace_s = spec.timeouts.grace_seconds
        self._live_s = spec.timeouts.attempt_seconds + LIVE_MARGIN_S
        self._ground.tally.metrics.slots.set(spec.concurrency.slots_per_worker)

    def _take_over(self, parts: Parts, spec: FunctionSpec) -> None:
        parts.adopt(spec, self._ground.settings)
        self._run_by(spec)

    async def _drive(self, parts: Parts) -> None:
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(parts.watch.run()),
                group.create_task(parts.progress.run()),
                group.create_task(parts.janitor.run()),
                group.create_task(parts.live.run()),
            ]
            await parts.loop.run(group)
            if parts.loop.abandoned or parts.handlers.stuck():
                await self._leave(parts)
            await _end(helpers)

    async def _leave(self, parts: Parts) -> None:
        """End now: what a handler that does not stop is still doing must not hold up the exit."""
        await asyncio.to_thread(parts.heartbeat.finish)
        code = int(self._ground.stopping.exit)
        get_logger().warning("worker_stopped", exit_code=code, left_running=True)
        sys.stdout.flush()
        os._exit(code)

    def _options(self) -> RedisOptions:
        settings = self._ground.settings
        url = settings.redis_url.get_secret_value()
        return RedisOptions(url, timeout_s=settings.redis_timeout_s)

    def _clients(self, stack: AsyncExitStack, commands: Any, *, lease_s: float) -> Clients:
        options = self._options()
        blocking = open_async(options, blocking=True)
        stack.push_async_callback(blocking.aclose)
        # Several tries fit into one lease, or one slow answer would cost all tasks.
        timeout_s = min(options.timeout_s, lease_s / KEEPER_TRIES_PER_LEASE)
        keeper = open_sync(RedisOptions(options.url, timeout_s=timeout_s, retries=1))
        stack.callback(keeper.close)
        return Clients(commands, blocking, keeper)

    def _listen(self, stack: AsyncExitStack) -> None:
        probes = Probes(live=self._live, ready=self._ready, metrics=self._metrics)
        settings = self._ground.settings
        server = ProbeServer(probes, host=settings.probe_host, port=settings.probe_port)
        stack.callback(server.close)
        get_logger().info("probes_listening", host=settings.probe_host, port=server.port)

    def _loop_age_s(self) -> float:
        if self._parts is None:
            return 0.0
        return self._ground.clock.mono_s() - self._parts.watch.seen_s

    def _live(self) -> Verdict:
        """Bad only when the loop has been blocked for longer than any attempt may take."""
        age_s = self._loop_age_s()
        return Verdict(age_s < self._live_s, f"event loop moved {age_s:.1f} s ago")

    def _ready(self) -> Verdict:
        if self._ground.stopping.asked or (self._parts and self._parts.loop.draining):
            return Verdict(good=False, reason="draining")
        if not self._ground.link.up:
            return Verdict(good=False, reason="Redis does not answer")
        return Verdict(self._parts is not None, "claiming" if self._parts else "starting")

    def _metrics(self) -> bytes:
        metrics = self._ground.tally.metrics
        metrics.active.set(sum(not one.ended for one in self._ground.running.snapshot()))
        metrics.ready.set(self._ready().good)
        metrics.loop_age.set(self._loop_age_s())
        return metrics.exposition()
