"""Probes and what a person looks at first. ``/live`` never touches Redis, ``/ready`` touches nothing else."""

import asyncio
import platform
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable, UnsafeServer
from asynctaskflow.model.task import TaskState
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import VERSION, Services
from asynctaskflow_api.dashboard import Dashboard
from asynctaskflow_api.problems import NotReady
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import HealthStatus, Live, Ready, Root, Version

READY_FRESH_S = 1.0
NEVER = float("-inf")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METRICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text", "content": {"text/plain": {}}}
}


class Readiness:
    """Whether Redis answers and is one that keeps tasks; remembered for a second."""

    def __init__(self, services: Services, clock: Clock) -> None:
        """Nothing is known yet."""
        self._services = services
        self._clock = clock
        self._safe_fresh_s = services.settings.safety_check_s
        self._reason = ""
        self._checked_s = self._safe_s = NEVER
        self._checking = asyncio.Lock()

    async def reason_against(self) -> str:
        """Why requests cannot be taken; empty if they can."""
        async with self._checking:
            if self._clock.mono_s() - self._checked_s >= READY_FRESH_S:
                self._reason = await self._look()
                self._checked_s = self._clock.mono_s()
            return self._reason

    async def _look(self) -> str:
        server = self._services.server
        try:
            async with asyncio.timeout(self._services.settings.request_timeout_s):
                await server.ping_s()
                if self._clock.mono_s() - self._safe_s >= self._safe_fresh_s:
                    await server.refuse_unsafe()
                    self._safe_s = self._clock.mono_s()
        except (QueueUnavailable, UnsafeServer, TimeoutError) as error:
            self._safe_s = NEVER
            return str(error) or "Redis does not answer in time"
        return ""


class HealthRoutes:
    """Handlers for probes."""

    def __init__(self, services: Services, dashboard: Dashboard | None) -> None:
        """Keep the services."""
        self._services = services
        self._readiness = Readiness(services, services.clock)
        self._dashboard = dashboard

    def mount(self, routes: Routes) -> None:
        """Register them."""
        tag = "health"
        public = Role.PUBLIC
        routes.add("GET", "/live", self.live, role=public, tag=tag, model=Live, lean=True)
        routes.add("GET", "/ready", self.ready, role=public, tag=tag, model=Ready, unbounded=True)
        read: dict[str, Any] = {"role": Role.READ, "tag": tag}
        routes.add("GET", "/health", self.health, model=HealthStatus, **read)
        routes.add("GET", "/version", self.get_version, model=Version, **read)
        routes.add("GET", "/metrics", self.get_metrics, responses=METRICS, **read)
        role = Role.READ if self._dashboard is None else public
        routes.add("GET", "/", self.root, role=role, tag=tag, model=Root)

    async def live(self, request: Request) -> Reply:  # noqa: ARG002 - a lean handler takes the request
        """Say that the process runs."""
        now = views.iso(self._services.clock.wall_ms())
        return reply({"status": "alive", "timestamp": now})

    async def ready(self) -> Reply:
        """Say that tasks can be accepted: Redis answers. 503 otherwise, whatever the workers do."""
        reason = await self._readiness.reason_against()
        if reason:
            raise NotReady(reason)
        return reply({"status": "ready"})

    async def health(self) -> Reply:
        """Report every component; always 200, and cheap however many tasks there are."""
        reason = await self._readiness.reason_against()
        components: dict[str, Any] = {"redis": not reason, "workers": False}
        status, note = "unhealthy", reason
        if not reason:
            found, starved = await self._components()
            components |= found
            status = "degraded" if starved else "healthy"
            note = f"tasks wait and no worker runs: {', '.join(starved)}" if starved else ""
        return reply(
            {
                "status": status,
                "components": components,
                "note": note or None,
                "version": VERSION,
                "timestamp": views.iso(self._services.clock.wall_ms()),
            }
        )

    async def _components(self) -> tuple[dict[str, Any], list[str]]:
        """What is there, and the functions whose tasks wait for a worker; scaled to zero is healthy."""
        queue = self._services.queue
        functions = await queue.functions()
        depths, states, found = await asyncio.gather(
            queue.all_depths(functions),
            self._services.dependencies.states(),
            asyncio.gather(*(queue.workers(name) for name in functions)),
        )
        alive = [[worker for worker in listed if worker.state != "lost"] for listed in found]
        starved = [
            depth.function
            for depth, workers in zip(depths, alive, strict=True)
            if depth.states[TaskState.PENDING] and not depth.paused and not workers
        ]
        return {
            "workers": any(alive),
            "worker_count": sum(map(len, alive)),
            "functions": len(functions),
            "queues": views.queue_counts(depths),
            "dependencies": {state.name: state.breaker.effective for state in states},
            "event_streams": self._services.hub.clients,
        }, starved

    async def get_version(self) -> Reply:
        """Get the version of what runs here."""
        return reply({"version": VERSION, "api": "v1", "python": platform.python_version()})

    async def get_metrics(self) -> Response:
        """Get Prometheus metrics: this process's counters, and the queues as they are."""
        queue, hub = self._services.queue, self._services.hub
        try:
            depths = await queue.all_depths(await queue.functions())
            states = await self._services.dependencies.states()
        except QueueUnavailable:
            depths, states = [], []
        text = self._services.meter.exposition(
            depths, states, streams=hub.clients, cut=self._services.streams.cut
        )
        return Response(text, media_type=METRICS_TYPE)

    async def root(self, request: Request) -> Response:
        """Say where to go from here; a browser gets the dashboard, if it is installed."""
        if self._dashboard is not None and "text/html" in request.headers.get("accept", ""):
            return self._dashboard.index()
        return reply(
            {
                "message": "AsyncTaskFlow API",
                "version": VERSION,
                "docs": "/docs",
                "health": "/health",
            }
        )
