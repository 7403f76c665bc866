"""Everything of the API that one process needs, opened together and closed together.

A worker's handlers share one with `session_of_process`; the front door opens its own with `OpenRouter`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Self
from weakref import WeakKeyDictionary

from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.model import GuardedModel
from asynctaskflow_openrouter.ports import LimitSink
from asynctaskflow_openrouter.reports import CallReports, daily_metrics, recent_errors
from asynctaskflow_openrouter.service import OpenRouterService, stored_credits
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.state import ServiceStatus


class OpenRouter:
    """The API as one process sees it.

    Attributes:
        model: ``None`` without an API key: the offline provider answers instead.
        service: how the service is; works without a key, on what workers report.
    """

    def __init__(
        self, settings: OpenRouterSettings, redis: AsyncRedis, *, limits: LimitSink | None = None
    ) -> None:
        """Build the parts; nothing is sent yet. ``redis`` stays the caller's to close."""
        self._redis = redis
        self._client = OpenRouterClient(settings) if settings.api_key else None
        self.service = OpenRouterService(
            redis, settings, client=self._client, limits=limits or RedisDependencies(redis)
        )
        self.model = None
        if self._client is not None:
            self.model = GuardedModel(
                settings=settings,
                client=self._client,
                service=self.service,
                reports=CallReports(
                    redis,
                    credential=self._client.credential,
                    unhealthy_after=settings.unhealthy_after,
                ),
            )

    async def status(self, *, force_refresh: bool = False) -> ServiceStatus:
        """How the service is, by the freshness rules of `service`.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return await self.service.status(force_refresh=force_refresh)

    async def metrics(self, *, days: int = 7) -> dict[str, dict[str, float]]:
        """Counters per UTC day, newest first; at most 30 days are kept.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return await daily_metrics(self._redis, self.service, days=days)

    async def worker_errors(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Today's failed calls, newest first.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return await recent_errors(self._redis, self.service, limit=limit)

    async def credits(self) -> Mapping[str, str]:
        """What the last good check said of the account.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        return await stored_credits(self._redis)

    async def aclose(self) -> None:
        """Close the pool of connections to the provider."""
        if self._client is not None:
            await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


# Handlers are plain functions without a start-up hook, and a pool belongs to one event loop: so the one
# session of a worker process hangs on its loop, and goes with it.
_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[OpenRouter, AsyncRedis]] = (
    WeakKeyDictionary()
)


def session_of_process(settings: OpenRouterSettings) -> OpenRouter:
    """The running loop's session, opened with the first caller's settings.

    Args:
        settings: read once by the function's module.
    """
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        redis = open_async(RedisOptions(settings.redis_url.get_secret_value()))
        _sessions[loop] = (OpenRouter(settings, redis), redis)
    return _sessions[loop][0]


async def close_session_of_process() -> None:
    """Close it, for tests and for workers that say goodbye; the next caller opens another."""
    found = _sessions.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found[0].aclose()
        await found[1].aclose()
