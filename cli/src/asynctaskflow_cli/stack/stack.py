"""Brings the whole system up on this machine and takes it down again, in order.

Up: server, registration, API, supervisor. Down: workers finish or hand back, then the API, then the server
saves and ends. Whatever is left when this process dies is ended by the kernel.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.scaling import Policy
from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async, probe
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.scaling_log import RedisScalingLog, ScalingLog
from asynctaskflow.worker.probes import ProbeServer
from asynctaskflow_cli.stack import record
from asynctaskflow_cli.stack.child import Child, Command
from asynctaskflow_cli.stack.fleet import Fleet
from asynctaskflow_cli.stack.gauges import SupervisorGauges
from asynctaskflow_cli.stack.manifests import BadManifest, Manifests
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.schemas import with_schemas
from asynctaskflow_cli.stack.server import (
    LOOPBACK,
    SAVE_GRACE_S,
    ServerPlan,
    free_port,
    is_free,
    start_server,
)
from asynctaskflow_cli.stack.services import Services
from asynctaskflow_cli.stack.supervisor import Managed, Supervisor

DEFAULT_API_PORT = 8000
API_START_S = 20.0
API_STOP_S = 5.0
POLL_S = 0.05
HEARTBEAT_S = "1"  # scaling sees what workers reported last; a third of a lease would be too old


class StackFailed(Exception):
    """A part of the stack did not come up, or went down for good."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to bring up, and where.

    Attributes:
        redis_url: an existing server; empty: an embedded one is started on ``data_dir``.
        api_port, probe_port: 0: any free port.
        grace_s: how long workers may go on when the stack stops.
        publish_in: folder of the record that other ``atf`` commands read; ``None``: keep it private.
        with_api: start the API too.
        with_schemas: ask the shipped handlers for their schemas, which takes a process each.
        env: environment of every process.
    """

    manifests: Manifests
    data_dir: Path
    env: Mapping[str, str]
    redis_url: str = ""
    redis_port: int = 0
    api_port: int = 0
    probe_port: int = 0
    grace_s: float = 30.0
    publish_in: Path | None = None
    with_api: bool = True
    with_schemas: bool = True


@dataclass(slots=True)
class Stack:
    """The running parts.

    Attributes:
        found_url: API that other ``atf`` commands find: this stack's, or that of one which was here first.
    """

    api_url: str
    found_url: str
    redis_url: str
    probe_url: str
    queue: RedisQueue
    supervisor: Supervisor
    console: Console
    failed: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def running(
    plan: Plan, console: Console, *, clock: Clock | None = None
) -> AsyncIterator[Stack]:
    """The stack while the block runs.

    Raises:
        StackFailed, QueueUnavailable, UnsafeServer, NoServerProgram, AlreadyRunning
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as parts:
        redis_url, server = await _server(plan, console, parts)
        client, queue = await _connect(redis_url, parts)
        services = Services(RedisDependencies(client), plan.manifests.dependencies)
        api_url = f"http://{LOOPBACK}:{plan.api_port or free_port()}"
        env = _environment(plan, redis_url=redis_url, api_url=api_url)
        api, _ = await asyncio.gather(
            _start_api(env, console, api_url, parts) if plan.with_api else _nothing(),
            _register(plan.manifests, queue, services, env),
        )
        gauges, log = SupervisorGauges(clock), RedisScalingLog(client)
        supervisor = _supervise(plan.manifests, queue, services, env, console, clock, log, gauges)
        probe_url = _answer_probes(gauges, plan.probe_port, parts)
        found_url = _publish(plan, parts, api_url=api_url, redis_url=redis_url)
        stack = Stack(api_url, found_url, redis_url, probe_url, queue, supervisor, console)
        parts.push_async_callback(supervisor.stop, grace_s=plan.grace_s)
        loop = asyncio.create_task(supervisor.run())
        parts.push_async_callback(_cancel, loop)
        parts.callback(supervisor.halt)
        if plan.with_schemas:
            completing = asyncio.create_task(_complete(plan.manifests, queue, env, console))
            parts.push_async_callback(_cancel, completing)
        watch = asyncio.create_task(_watch(stack, loop, api, server))
        parts.push_async_callback(_cancel, watch)
        yield stack


def _publish(plan: Plan, parts: AsyncExitStack, *, api_url: str, redis_url: str) -> str:
    """Let other ``atf`` commands find this stack; the API's URL that they find."""
    if plan.publish_in is None:
        return api_url
    mine = record.StackRecord.of_this_process(
        api_url=api_url, redis_url=redis_url, data_dir=plan.data_dir
    )
    return parts.enter_context(record.published(plan.publish_in, mine)).api_url


async def _server(plan: Plan, console: Console, parts: AsyncExitStack) -> tuple[str, Child | None]:
    if plan.redis_url:
        return plan.redis_url, None
    parts.enter_context(record.locked(plan.data_dir))
    where = ServerPlan.make(plan.data_dir / "redis", port=plan.redis_port)
    server = await start_server(where, plan.env, console)
    parts.push_async_callback(server.stop, grace_s=SAVE_GRACE_S)
    return where.url, server


async def _connect(redis_url: str, parts: AsyncExitStack) -> tuple[AsyncRedis, RedisQueue]:
    options = RedisOptions(redis_url)
    client, blocking = open_async(options), open_async(options, blocking=True)
    parts.push_async_callback(client.aclose)
    parts.push_async_callback(blocking.aclose)
    await probe(client)
    return client, RedisQueue(client, blocking=blocking, blobs=RedisBlobs(client))


def _environment(plan: Plan, *, redis_url: str, api_url: str) -> dict[str, str]:
    host, _, port = api_url.rpartition("//")[2].partition(":")
    return {
        **plan.env,
        "ATF_REDIS_URL": redis_url,
        "ATF_API_HOST": host,
        "ATF_API_PORT": port,
        "ATF_AUTH": "off",  # loopback only; DESIGN 8 allows it in the local stack
        "ATF_HEARTBEAT_S": HEARTBEAT_S,
        "ATF_LOG_FORMAT": "json",  # the console makes it readable, --log-dir keeps it
        "PYTHONUNBUFFERED": "1",
    }


async def _register(
    manifests: Manifests, queue: RedisQueue, services: Services, env: Mapping[str, str]
) -> None:
    """Store dependencies and functions; a user's own handler must load, and tells its schemas first."""
    await services.register()
    own = {m.metadata.name for m in manifests.functions} & manifests.folders.keys()
    complete = await asyncio.gather(
        *(
            with_schemas(manifest, manifests.folders[manifest.metadata.name], env)
            for manifest in manifests.functions
            if manifest.metadata.name in own
        )
    )
    shipped = [m for m in manifests.functions if m.metadata.name not in own]
    for manifest in [*complete, *shipped]:
        await queue.register(manifest.metadata.name, manifest.spec)
        if manifest.spec.paused:
            await queue.pause(manifest.metadata.name)


async def _complete(
    manifests: Manifests, queue: RedisQueue, env: Mapping[str, str], console: Console
) -> None:
    """Add the schemas of the shipped functions, which are known to load, while everything runs already."""
    for manifest in manifests.functions:
        if manifest.metadata.name not in manifests.folders:
            try:
                complete = await with_schemas(manifest, None, env)
                await queue.register(complete.metadata.name, complete.spec)
            except (BadManifest, QueueUnavailable) as error:
                console.say(f"no schemas of {manifest.metadata.name}: {error}")


async def _start_api(
    env: Mapping[str, str], console: Console, api_url: str, parts: AsyncExitStack
) -> Child:
    command = Command("api", [sys.executable, "-m", "asynctaskflow_api.main"], env)
    api = await Child.start(command, console)
    parts.push_async_callback(api.stop, grace_s=API_STOP_S)
    try:
        async with asyncio.timeout(API_START_S), httpx2.AsyncClient(trust_env=False) as client:
            while not await _is_live(client, api_url):
                if api.exit_code is not None:
                    raise StackFailed(f"the API ended with exit code {api.exit_code}")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StackFailed(f"the API did not answer within {API_START_S:g} s") from None
    return api


async def _nothing() -> None:
    return None


async def _is_live(client: httpx2.AsyncClient, api_url: str) -> bool:
    try:
        return (await client.get(f"{api_url}/live")).is_success
    except httpx2.TransportError:
        return False


def _answer_probes(gauges: SupervisorGauges, port: int, parts: AsyncExitStack) -> str:
    """Serve the supervisor's probes and metrics; their address."""
    probes = ProbeServer(gauges.probes(), host=LOOPBACK, port=port)
    parts.callback(probes.close)
    return f"http://{LOOPBACK}:{probes.port}"


def _supervise(
    manifests: Manifests,
    queue: RedisQueue,
    services: Services,
    env: Mapping[str, str],
    console: Console,
    clock: Clock,
    log: ScalingLog,
    gauges: SupervisorGauges,
) -> Supervisor:
    wake = asyncio.Event()
    managed = [
        Managed(
            manifest,
            Policy.of(manifest.spec),
            Fleet(
                manifest,
                folder=manifests.folders.get(manifest.metadata.name),
                env=env,
                console=console,
                clock=clock,
                changed=wake,
            ),
        )
        for manifest in manifests.functions
    ]
    return Supervisor(
        managed,
        queue=queue,
        services=services,
        console=console,
        clock=clock,
        wake=wake,
        log=log,
        gauges=gauges,
    )


async def _watch(
    stack: Stack, loop: asyncio.Task[None], api: Child | None, server: Child | None
) -> None:
    """The first part that ends although nobody asked it to takes the stack down."""
    waits: dict[asyncio.Task[Any], str] = {loop: "the supervisor"}
    for child, name in ((api, "the API"), (server, "the server")):
        if child:
            waits[asyncio.create_task(child.wait())] = name
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        why = "" if task.cancelled() or not task.exception() else f" ({task.exception()!r})"
        stack.console.say(f"{waits[task]} has ended{why}: stopping")
    stack.failed.set()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def has_dashboard(api_url: str) -> bool:
    """Whether that API shows browsers a dashboard; it was built only where Node was."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        try:
            answer = await client.get(api_url, headers={"Accept": "text/html"})
        except httpx2.TransportError:
            return False
    return answer.headers.get("content-type", "").startswith("text/html")


def choose_api_port(asked: int) -> int:
    """The port asked for, or the usual one if it is free, or any other.

    Raises:
        StackFailed: the port asked for is taken.
    """
    if asked and not is_free(asked):
        raise StackFailed(f"port {asked} is taken; choose another with --port, or 0 for any")
    if asked:
        return asked
    return DEFAULT_API_PORT if is_free(DEFAULT_API_PORT) else free_port()
