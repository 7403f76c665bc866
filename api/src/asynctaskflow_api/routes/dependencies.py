"""External services: the state of their shared breaker and limiter, and the switches of the breaker."""

import asyncio
from dataclasses import asdict
from typing import Any

from asynctaskflow.dependencies.messages import DependencyState, Transition
from asynctaskflow.resilience.breaker import Override
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.dependency_schema import DependencyList, DependencyModel
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routing import Handler, Routes

DEPENDENCY = "/api/v1/dependencies/{name}"
MS = 1000


class DependencyRoutes:
    """Handlers for dependencies."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services

    def mount(self, routes: Routes) -> None:
        """Register them."""
        read: dict[str, Any] = {"role": Role.READ, "tag": "dependencies"}
        path = "/api/v1/dependencies"
        routes.add("GET", path, self.list_dependencies, model=DependencyList, **read)
        routes.add(
            "GET",
            DEPENDENCY,
            self.get_dependency,
            model=DependencyModel,
            failures=(404,),
            **read,
        )
        switches: tuple[tuple[str, Handler], ...] = (
            ("open", self.open_breaker),
            ("close", self.close_breaker),
            ("reset", self.reset_breaker),
        )
        for name, handler in switches:
            routes.add(
                "POST",
                f"{DEPENDENCY}/{name}",
                handler,
                role=Role.ADMIN,
                tag="dependencies",
                model=DependencyModel,
                failures=(404,),
            )

    async def list_dependencies(self) -> Reply:
        """List dependencies with breaker and limiter."""
        states = await self._services.dependencies.states()
        return reply({"dependencies": [_shown(state) for state in states]})

    async def get_dependency(self, name: str) -> Reply:
        """Get a dependency, with the last transitions of its breaker and its calls by day."""
        dependencies = self._services.dependencies
        state, transitions, days = await asyncio.gather(
            dependencies.state(name), dependencies.transitions(name), dependencies.days(name)
        )
        history = [_transition(one) for one in transitions]
        by_day = [asdict(day) for day in days]
        return reply({**_shown(state), "transitions": history, "days": by_day})

    async def open_breaker(self, name: str) -> Reply:
        """Open a breaker by hand: no call is made until it is closed or reset."""
        return await self._override(name, Override.FORCE_OPEN)

    async def close_breaker(self, name: str) -> Reply:
        """Close a breaker by hand: every call is made until it is opened or reset."""
        return await self._override(name, Override.FORCE_CLOSED)

    async def reset_breaker(self, name: str) -> Reply:
        """Close a breaker and let calls decide again (automatic)."""
        return await self._override(name, Override.AUTO)

    async def _override(self, name: str, override: Override) -> Reply:
        dependencies = self._services.dependencies
        await dependencies.override(name, override, reason="by request over REST")
        return reply(_shown(await dependencies.state(name)))


def _shown(state: DependencyState) -> dict[str, Any]:
    breaker, limiter = state.breaker, state.limiter
    return {
        "name": state.name,
        "breaker": {
            "state": breaker.effective,
            "status": str(breaker.status),
            "override": str(breaker.override),
            "since": views.iso_or_none(breaker.since_ms),
            "calls": breaker.calls,
            "failures": breaker.failures,
            "failure_ratio": breaker.failure_ratio,
            "next_attempt_at": views.iso_or_none(breaker.next_attempt_ms),
            "probes_in_flight": breaker.probes_in_flight,
            "probes_succeeded": breaker.probes_succeeded,
            "epoch": breaker.epoch,
        },
        "limiter": {
            "limited": bool(limiter.requests),
            "tokens": limiter.tokens,
            "requests": limiter.requests,
            "interval_seconds": limiter.interval_ms / MS,
            "capacity": limiter.capacity,
            "source": limiter.source,
            "sleeping_until": views.iso_or_none(limiter.sleeping_until_ms),
            "waiting": limiter.waiting,
            "grants": limiter.grants,
            "throttled": limiter.throttled,
        },
        "spec": state.spec.model_dump(mode="json", by_alias=True),
        "now": views.iso(state.now_ms),
    }


def _transition(one: Transition) -> dict[str, Any]:
    return {"at": views.iso(one.at_ms), "from": one.old, "to": one.new, "reason": one.reason}
