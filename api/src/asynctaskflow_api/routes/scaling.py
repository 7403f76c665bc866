"""Why a function has as many workers as it has: the last decisions of whoever scales it."""

from typing import Annotated, Any

from fastapi import Query

from asynctaskflow.scaling.record import KEPT
from asynctaskflow.scaling.sample import LoadSample
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.scaling_schema import LoadHistory, RecentScaling, ScalingHistory

Limit = Annotated[int, Query(ge=1, le=KEPT, description="Decisions, newest first.")]
OneFunction = Annotated[str, Query(max_length=40, description="Only of this one; empty: of all.")]
RecentLimit = Annotated[int, Query(ge=1, le=500, description="Decisions, newest first.")]
Minutes = Annotated[int, Query(ge=1, le=60, description="How far back.")]
MINUTE_MS = 60_000
EACH = 10


class ScalingRoutes:
    """Handlers for scaling."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        path = "/api/v1/functions/{name}"
        read: dict[str, Any] = {"role": Role.READ, "tag": "functions", "failures": (404,)}
        routes.add(
            "GET", path + "/scaling", self.get_function_scaling, model=ScalingHistory, **read
        )
        routes.add(
            "GET",
            "/api/v1/scaling",
            self.get_recent_scaling,
            role=Role.READ,
            tag="functions",
            model=RecentScaling,
        )
        routes.add("GET", path + "/load", self.get_function_load, model=LoadHistory, **read)

    async def get_function_scaling(self, name: str, limit: Limit = KEPT) -> Reply:
        """Get a function's last scaling decisions with their reasons.

        Newest first, at most 50. Not every decision is kept: only another number of workers, or another limit.
        """
        spec = await self._services.catalog.spec(name)
        found = await self._services.scaling.recent(name, limit=limit)
        return reply(
            {
                "function": name,
                "min_replicas": spec.scaling.min_replicas,
                "max_replicas": spec.scaling.max_replicas,
                "mode": spec.scaling.mode,
                "decisions": [views.scaling_decision(record) for record in found],
            }
        )

    async def get_recent_scaling(
        self, function: OneFunction = "", limit: RecentLimit = 100
    ) -> Reply:
        """Get the newest scaling decisions of all functions, or of one, with their reasons.

        Of each of all the last ten at most.
        """
        registered = await self._services.queue.functions()
        functions = [one for one in registered if function in {"", one}]
        each = KEPT if function else EACH
        found = await self._services.scaling.recent_of(functions, limit=each)
        every = [
            (record, name) for name, some in zip(functions, found, strict=True) for record in some
        ]
        every.sort(key=lambda one: one[0].at_ms, reverse=True)
        decisions = [
            {"function": name, **views.scaling_decision(record)} for record, name in every[:limit]
        ]
        return reply({"decisions": decisions})

    async def get_function_load(self, name: str, minutes: Minutes = 30) -> Reply:
        """Get how many tasks waited and ran, and how many workers there were and should have been.

        Sampled by whoever scales when something changes, at most every five seconds; kept for an hour.
        """
        await self._services.catalog.spec(name)
        load = await self._services.scaling.load(name, last_ms=minutes * MINUTE_MS)
        samples = [_sampled(one) for one in load.samples]
        return reply({"function": name, "now": views.iso(load.now_ms), "samples": samples})


def _sampled(sample: LoadSample) -> dict[str, Any]:
    return {
        "at": views.iso(sample.at_ms),
        "waiting": sample.waiting,
        "running": sample.running,
        "desired": sample.desired,
        "ready": sample.ready,
    }
