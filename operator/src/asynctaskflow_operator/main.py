"""``python -m asynctaskflow_operator.main``: stand by until this operator may act, act, and let go on SIGTERM."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop
from lightkube.core.exceptions import ConfigError
from pydantic import ValidationError

from asynctaskflow import logs
from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import QueueUnavailable, UnsafeServer
from asynctaskflow.store.connection import probe
from asynctaskflow.worker.probes import Probes, ProbeServer
from asynctaskflow_operator.assembly import Clients, Ground, Operator, WatchesEnded
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.health import Health
from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.leadership import Deposed, Leadership
from asynctaskflow_operator.kube.port import KubeError
from asynctaskflow_operator.settings import OperatorSettings

STOPPED, FAILED, CANNOT_START, DEPOSED = 0, 1, 2, 75
LOOK_AGAIN_S = 1.0
NONE_HAS = {"asynctaskflow.dev/none": "none"}  # asks whether a kind is served, for an empty list

log = structlog.get_logger()


def main() -> None:
    """Run; ends the process with 0 stopped, 1 failed, 2 cannot start, 75 deposed by another operator."""
    try:
        settings = OperatorSettings()
        logs.configure(level=settings.log_level, style=settings.log_format)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(serve(settings))
    except ValidationError as error:
        told = "; ".join(
            f"ATF_OPERATOR_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}"
            for one in error.errors()
        )
        sys.exit(_cannot_start(told))
    except (ConfigError, UnsafeServer, ValueError) as error:
        sys.exit(_cannot_start(str(error)))
    sys.exit(code)


def _cannot_start(why: str) -> int:
    sys.stderr.write(f"asynctaskflow-operator: {why}\n")
    return CANNOT_START


async def serve(settings: OperatorSettings) -> int:
    """Serve until SIGTERM or SIGINT, or until another operator acts; the exit code."""
    clock, gauges = SystemClock(), OperatorGauges()
    health = Health(clock)
    kube = KubeClient.open(
        namespace=settings.namespace, timeout_s=settings.kube_timeout_s, meter=gauges
    )
    ground = Ground(settings, kube, clock, gauges, health)
    probes = ProbeServer(
        Probes(live=health.live, ready=health.ready, metrics=gauges.exposition),
        host=settings.probe_host,
        port=settings.probe_port,
    )
    leadership = Leadership(
        kube,
        name=settings.lease_name,
        me=settings.pod,
        lease_s=settings.lease_s,
        clock=clock,
        renewed=health.renewed,
    )
    log.info("operator_starts", namespace=settings.namespace, probes=probes.port)
    try:
        return await _until_stopped(_lead(ground, leadership))
    finally:
        await leadership.release()
        await kube.close()
        probes.close()


async def _until_stopped(leading: Coroutine[Any, Any, int]) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(leading)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        log.info("operator_stops")
        return STOPPED


async def _lead(ground: Ground, leadership: Leadership) -> int:
    health, clients = ground.health, Clients.open(ground.settings)
    try:
        await _wait_for_ground(ground, clients)
        health.waiting_for = "standing by: another operator holds the lease"
        await leadership.win()
        health.leading = True
        ground.gauges.leads(leading=True)
        log.info("operator_leads", lease=ground.settings.lease_name)
        async with asyncio.TaskGroup() as group:
            group.create_task(leadership.keep())
            group.create_task(Operator(ground, clients).run())
    except BaseExceptionGroup as group_of:
        return _code_of(group_of, leadership)
    finally:
        health.leading = False
        ground.gauges.leads(leading=False)
        await clients.close()
    return FAILED


def _code_of(ended: BaseExceptionGroup[BaseException], leadership: Leadership) -> int:
    """The exit code for what ended the parts; a defect is raised again."""
    if ended.subgroup(Deposed):
        log.warning("deposed", by=leadership.holder)
        return DEPOSED
    if ended.subgroup(WatchesEnded):
        log.info("operator_stops")
        return STOPPED
    raise ended


async def _wait_for_ground(ground: Ground, clients: Clients) -> None:
    """Until the resources are known to the API server; a Redis that would lose tasks is refused.

    Raises:
        UnsafeServer
    """
    try:
        await probe(clients.commands)
    except QueueUnavailable as error:
        log.warning("redis_away", error=str(error), effect="workers stay as they are")
    told = ""
    while True:
        try:
            for kind in (Kind.FUNCTION, Kind.DEPENDENCY, Kind.TASK):
                await ground.kube.list(kind, labels=NONE_HAS)
        except KubeError as error:
            ground.health.waiting_for = f"the API server: {error}"
            if str(error) != told:
                log.warning("resources_unknown", error=str(error))
            told = str(error)
            await asyncio.sleep(LOOK_AGAIN_S)
        else:
            return


if __name__ == "__main__":
    main()
