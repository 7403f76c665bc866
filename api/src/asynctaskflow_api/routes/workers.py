"""Workers, and the seed's two switches for all breakers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.resilience.breaker import Override
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.worker_schema import BreakersResponse, WorkersResponse

WORKERS = "/api/v1/workers/"
MS = 1000
DEFAULT_STALE_MS = 30_000


class WorkerRoutes:
    """Handlers for workers."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        tag = "workers-management"
        routes.add(
            "GET",
            WORKERS,
            self.get_worker_status,
            role=Role.READ,
            tag=tag,
            model=WorkersResponse,
        )
        for name, handler in (
            ("reset-circuit-breaker", self.reset_all_circuit_breakers),
            ("open-circuit-breaker", self.open_all_circuit_breakers),
        ):
            routes.add(
                "POST", WORKERS + name, handler, role=Role.ADMIN, tag=tag, model=BreakersResponse
            )

    async def get_worker_status(self) -> Reply:
        """Get all workers and the breakers that they share.

        Breakers belong to dependencies, not to workers: every worker of a function shows the same ones.
        """
        queue = self._services.queue
        functions = await queue.functions()
        found, states = await asyncio.gather(
            asyncio.gather(*(self._of_function(name) for name in functions)),
            self._services.dependencies.states(),
        )
        workers = [worker for listed in found for worker in listed]
        words = Counter(str(state.breaker.status) for state in states)
        shared = {state.name: state.breaker.effective for state in states}
        shown = [{**worker, "circuit_breaker": _breaker(worker, shared)} for worker in workers]
        return reply(
            {
                **_totals(workers),
                "circuit_breaker_states": dict(words),
                "worker_details": shown,
                "timestamp": views.iso(self._services.clock.wall_ms()),
            }
        )

    async def _of_function(self, name: str) -> list[dict[str, Any]]:
        stale_ms, used = DEFAULT_STALE_MS, tuple[str, ...]()
        try:
            spec = await self._services.catalog.spec(name)
            stale_ms, used = round(spec.timeouts.lease_seconds * MS), spec.dependencies
        except FunctionNotFound:
            pass
        found = await self._services.queue.workers(name)
        return [
            {**views.worker(one, stale_ms=stale_ms), "dependencies": list(used)} for one in found
        ]

    async def reset_all_circuit_breakers(self) -> Reply:
        """Close every breaker and let calls decide again."""
        return await self._override(Override.AUTO, done="reset", counter="successful_resets")

    async def open_all_circuit_breakers(self) -> Reply:
        """Open every breaker: no call to any dependency is made until they are reset."""
        return await self._override(Override.FORCE_OPEN, done="opened", counter="successful_opens")

    async def _override(self, override: Override, *, done: str, counter: str) -> Reply:
        dependencies = self._services.dependencies
        names = await dependencies.names()
        for name in names:
            await dependencies.override(name, override, reason="all breakers, over REST")
        states = await dependencies.states()
        results = [
            {
                "status": "success",
                "message": f"breaker of {state.name} {done} for all workers",
                "new_state": state.breaker.effective,
                "dependency": state.name,
                "worker_id": None,
                "worker_name": None,
            }
            for state in states
        ]
        return reply(
            {
                "message": f"{len(results)} circuit breakers {done}",
                counter: len(results),
                "results": results,
                "timestamp": views.iso(self._services.clock.wall_ms()),
            }
        )


def _totals(workers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    count = Counter(worker["status"] for worker in workers)
    healthy, lost = count["healthy"], len(workers) - count["healthy"]
    overall = "idle" if not workers else "healthy" if healthy and not lost else "degraded"
    return {
        "overall_status": overall,
        "total_workers": len(workers),
        "healthy_workers": healthy,
        "stale_workers": lost,
    }


def _breaker(worker: dict[str, Any], shared: dict[str, str]) -> dict[str, Any]:
    """The seed's per-worker breaker: the worst of those that the function uses."""
    words = [shared[name] for name in worker["dependencies"] if name in shared]
    state = next((word for word in ("open", "half_open") if word in words), "closed")
    return {
        "state": state,
        "fail_count": worker["failed"],
        "success_count": worker["completed"],
        "shared": True,
    }
