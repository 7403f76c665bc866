"""Why a function has as many workers as it has: the last decisions of whoever scales it."""

from typing import Annotated, Any

from fastapi import Query

from asynctaskflow.scaling.record import KEPT, DecisionRecord
from asynctaskflow.scaling.sample import LoadSample
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.scaling_schema import LoadHistory, ScalingHistory

Limit = Annotated[int, Query(ge=1, le=KEPT, description="Decisions, newest first.")]
Minutes = Annotated[int, Query(ge=1, le=60, description="How far back.")]
MS = 1000
MINUTE_MS = 60_000


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
                "decisions": [_shown(record) for record in found],
            }
        )

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


def _shown(record: DecisionRecord) -> dict[str, Any]:
    later_s = record.next_scale_down_s
    return {
        "at": views.iso(record.at_ms),
        "previous": record.previous,
        "replicas": record.replicas,
        "ready": record.ready,
        "reason": record.reason,
        "limited_by": record.limited_by,
        "acts": record.acts,
        "panic": record.panic,
        "inputs": dict(record.inputs),
        "candidates": [
            {"signal": one.signal, "replicas": one.replicas} for one in record.candidates
        ],
        "next_scale_down_at": None if later_s is None else views.iso(round(later_s * MS)),
    }
