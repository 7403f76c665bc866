"""Opens what the API stands on and closes it again; the only module here that knows Redis clients.

Starts without Redis too: a process that restarts because its database is away helps nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import structlog

from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async, probe, translated
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.scaling_log import RedisScalingLog, ScalingLog
from asynctaskflow_api.catalog import Catalog
from asynctaskflow_api.kube.facts import open_facts
from asynctaskflow_api.kube.tokens import KubernetesTokens, open_tokens
from asynctaskflow_api.meter import ApiMeter
from asynctaskflow_api.ports import Dependencies, Facts, Provider, Queue, Server
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_api.streams.hub import Hub
from asynctaskflow_api.streams.sse import Streams
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.reports import daily_metrics, recent_errors
from asynctaskflow_openrouter.service import OpenRouterService
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.state import ServiceStatus

HOUR_MS = 3_600_000
VERSION = version("asynctaskflow-api")
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Services:
    """What the routes work with."""

    settings: ApiSettings
    clock: Clock
    queue: Queue
    dependencies: Dependencies
    scaling: ScalingLog
    provider: Provider
    blobs: BlobStore
    server: Server
    catalog: Catalog
    hub: Hub
    streams: Streams
    meter: ApiMeter
    facts: Facts


class RedisServer:
    """The server behind the clients."""

    def __init__(self, client: AsyncRedis, clock: Clock, *, timeout_s: float) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s

    async def ping_s(self) -> float:
        """See ``Server.ping_s``."""
        started_s = self._clock.mono_s()
        with translated():
            async with asyncio.timeout(self._timeout_s):
                await self._client.ping()
        return self._clock.mono_s() - started_s

    async def refuse_unsafe(self) -> None:
        """Raises ``UnsafeServer`` for a server that would lose tasks."""
        await probe(self._client)

    def pool(self) -> Mapping[str, Any]:
        """See ``Server.pool``; the client has no public numbers but the sum."""
        pool = getattr(self._client, "connection_pool", None)
        if pool is None:
            return {"status": "healthy", "connection_type": "cluster", "fallback_mode": False}
        idle, used = len(pool._available_connections), len(pool._in_use_connections)
        return {
            "status": "healthy",
            "max_connections": pool.max_connections,
            "created_connections": idle + used,
            "available_connections": pool.max_connections - used,
            "in_use_connections": used,
            "connection_type": type(pool).__name__,
            "fallback_mode": False,
            "utilization_percent": round(100 * used / pool.max_connections, 1),
        }


class RedisProvider:
    """The LLM service's state and counters, from Redis and the service itself."""

    def __init__(self, client: AsyncRedis, service: OpenRouterService) -> None:
        """Keep the parts."""
        self._client = client
        self._service = service

    async def status(self, *, force_refresh: bool = False) -> ServiceStatus:
        """See ``Provider.status``."""
        return await self._service.status(force_refresh=force_refresh)

    async def daily_metrics(self, *, days: int) -> Mapping[str, Mapping[str, float]]:
        """See ``Provider.daily_metrics``."""
        return await daily_metrics(self._client, self._service, days=days)

    async def recent_errors(self, *, limit: int) -> list[dict[str, Any]]:
        """See ``Provider.recent_errors``."""
        return await recent_errors(self._client, self._service, limit=limit)


@dataclass(slots=True)
class Backend:
    """Services with what has to be opened and closed around them."""

    services: Services
    client: AsyncRedis
    blocking: AsyncRedis
    openrouter: OpenRouterClient | None
    tokens: KubernetesTokens | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Check the server, read events while somebody listens, close everything at the end.

        Raises:
            UnsafeServer: the server is there and would lose tasks.
        """
        services = self.services
        try:
            await self._adapt()
        except QueueUnavailable as error:
            _log.warning("started_without_redis", error=str(error))
        reader = asyncio.create_task(services.hub.run())
        try:
            yield
        finally:
            services.hub.close()
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await self._close()

    async def _adapt(self) -> None:
        """Ask for all the durability that the server offers."""
        capabilities = await probe(self.client)
        settings = self.services.settings
        if settings.durability == "strict" and capabilities.waitaof:
            self.services.queue = _queue(
                settings, self.client, self.blocking, self.services.blobs, fsync=True
            )

    async def _close(self) -> None:
        if self.openrouter is not None:
            await self.openrouter.aclose()
        if self.tokens is not None:
            await self.tokens.aclose()
        await self.services.facts.aclose()
        await self.client.aclose()
        await self.blocking.aclose()


def _queue(
    settings: ApiSettings,
    client: AsyncRedis,
    blocking: AsyncRedis,
    blobs: BlobStore,
    *,
    fsync: bool,
) -> RedisQueue:
    strict = settings.durability == "strict"
    return RedisQueue(
        client,
        blocking=blocking,
        blobs=blobs,
        durability=Durability.strict(fsync=fsync) if strict else Durability.standard(),
        idempotency_ms=round(settings.idempotency_hours * HOUR_MS),
    )


def open_backend(settings: ApiSettings, *, clock: Clock | None = None) -> Backend:
    """The real services; nothing is sent before ``running``.

    Raises:
        NoServiceAccount: Kubernetes tokens are to be checked, and this process has no account to ask with.
    """
    clock = clock or SystemClock()
    options = RedisOptions(
        settings.redis_url.get_secret_value(),
        timeout_s=settings.redis_timeout_s,
        retries=1,
        max_connections=settings.redis_connections,
    )
    client, blocking = open_async(options), open_async(options, blocking=True)
    blobs = _blobs(settings, client, clock)
    queue = _queue(settings, client, blocking, blobs, fsync=False)
    dependencies = RedisDependencies(client)
    openrouter = _openrouter(OpenRouterSettings())
    service = OpenRouterService(
        client, OpenRouterSettings(), client=openrouter, limits=dependencies
    )
    hub = Hub(queue, clock)
    services = Services(
        settings=settings,
        clock=clock,
        queue=queue,
        dependencies=dependencies,
        scaling=RedisScalingLog(client),
        provider=RedisProvider(client, service),
        blobs=blobs,
        server=RedisServer(client, clock, timeout_s=settings.redis_timeout_s),
        catalog=Catalog(queue, clock, max_depth=settings.json_max_depth),
        hub=hub,
        streams=Streams(hub, queue, settings, clock),
        meter=ApiMeter(VERSION),
        facts=open_facts(settings, clock),
    )
    tokens = open_tokens(settings, clock, services.meter) if settings.kube_tokens else None
    return Backend(services, client, blocking, openrouter, tokens)


def _openrouter(settings: OpenRouterSettings) -> OpenRouterClient | None:
    return OpenRouterClient(settings) if settings.api_key else None


def _blobs(settings: ApiSettings, client: AsyncRedis, clock: Clock) -> BlobStore:
    url = settings.blob_url.get_secret_value() if settings.blob_url is not None else ""
    return open_blobs(client, url=url, clock=clock)
