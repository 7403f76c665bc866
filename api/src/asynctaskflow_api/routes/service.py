"""Redis and the LLM service, as the seed shows them."""

import asyncio
from typing import Annotated, Any

from fastapi import Query

from asynctaskflow.dependencies.messages import DependencyNotFound
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import OpenRouterMetrics, OpenRouterStatus, PoolStats, RedisHealth
from asynctaskflow_openrouter.ports import DEPENDENCY

MS = 1000
BUSY_PERCENT = 80
CHECK_TIMEOUT_S = 20.0
SHOWN_ERRORS = 20


class ServiceRoutes:
    """Handlers for what the system stands on."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        read: dict[str, Any] = {"role": Role.READ}
        redis, llm = "redis", "openrouter"
        routes.add(
            "GET",
            "/api/v1/redis/pool-stats",
            self.get_redis_pool_stats,
            tag=redis,
            model=PoolStats,
            **read,
        )
        routes.add(
            "GET",
            "/api/v1/redis/health",
            self.get_redis_health,
            tag=redis,
            model=RedisHealth,
            **read,
        )
        routes.add(
            "GET",
            "/api/v1/openrouter/status",
            self.get_openrouter_status,
            tag=llm,
            model=OpenRouterStatus,
            unbounded=True,
            **read,
        )
        routes.add(
            "GET",
            "/api/v1/openrouter/metrics",
            self.get_openrouter_metrics,
            tag=llm,
            model=OpenRouterMetrics,
            **read,
        )

    async def get_redis_pool_stats(self) -> Reply:
        """Get the numbers of this process's Redis connections."""
        pool = self._services.server.pool()
        busy = pool.get("utilization_percent", 0) >= BUSY_PERCENT
        advice = "raise ATF_API_REDIS_CONNECTIONS" if busy else "none needed"
        return reply({"pool_statistics": pool, "recommendations": {"max_connections": advice}})

    async def get_redis_health(self) -> Reply:
        """Ping Redis; 503 if it does not answer."""
        seconds = await self._services.server.ping_s()
        return reply(
            {
                "status": "healthy",
                "connected": True,
                "response_time_ms": round(seconds * MS, 3),
                "timestamp": views.iso(self._services.clock.wall_ms()),
            }
        )

    async def get_openrouter_status(self, force_refresh: bool = False) -> Reply:  # noqa: FBT001, FBT002 - a query parameter
        """Get the state of the LLM service; cached for a minute unless ``force_refresh``."""
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            status = await self._services.provider.status(force_refresh=force_refresh)
        return reply(
            {
                "status": status.state,
                "message": status.message,
                "balance": status.balance,
                "usage_today": status.usage_today,
                "usage_month": status.usage_month,
                "last_check": views.iso_or_none(status.last_check_ms or 0),
                "last_call": views.iso_or_none(status.last_call_ms or 0),
                "rate_limit_reset": views.iso_or_none(status.rate_limit_reset_ms or 0),
                "error_details": status.error_details,
                "consecutive_failures": status.consecutive_failures,
                "circuit_breaker_open": await self._is_open(),
                "cache_hit": status.cache_hit,
            }
        )

    async def _is_open(self) -> bool | None:
        try:
            state = await self._services.dependencies.state(DEPENDENCY)
        except DependencyNotFound:
            return None
        return state.breaker.effective == "open"

    async def get_openrouter_metrics(self, days: Annotated[int, Query(ge=1, le=30)] = 7) -> Reply:
        """Get the daily counters of calls to the LLM service, and its latest errors."""
        provider = self._services.provider
        metrics, errors = await asyncio.gather(
            provider.daily_metrics(days=days), provider.recent_errors(limit=SHOWN_ERRORS)
        )
        return reply(
            {
                "metrics": metrics,
                "days": days,
                "recent_errors": errors,
                "generated_at": views.iso(self._services.clock.wall_ms()),
            }
        )
