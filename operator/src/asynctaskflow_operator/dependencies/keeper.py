"""Keeps Dependencies: the spec of each resource in Redis, the state of each breaker in its status.

Reads all of them every second; the scaling loop uses what was read, so that a wake-up costs no further trip.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from asynctaskflow.dependencies.messages import DependencyState
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.dependencies.sight import sight
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.scaling import DependencySight
from asynctaskflow_operator.events import About, EventKind, Events
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Outbox, Rank
from asynctaskflow_operator.kube.port import Kube
from asynctaskflow_operator.rules.conditions import written
from asynctaskflow_operator.rules.dependency_status import dependency_status, is_news

LOOK_EVERY_S = 1.0
COUNTS_EVERY_S = 10.0

log = structlog.get_logger()


@dataclass(slots=True)
class Kept:
    """One Dependency and what was seen of it last."""

    uid: str
    generation: int
    seen_status: dict[str, Any] = field(default_factory=dict)
    state: DependencyState | None = None


class DependencyKeeper:
    """All Dependencies of the namespace.

    Args:
        users: names of the Functions that name a dependency.
        turned: called when a breaker has turned, with its dependency's name.
    """

    def __init__(
        self,
        dependencies: RedisDependencies,
        *,
        kube: Kube,
        outbox: Outbox,
        events: Events,
        users: Callable[[str], list[str]],
        turned: Callable[[str], None],
    ) -> None:
        """Register as the deliverer of Dependencies' statuses."""
        self._dependencies = dependencies
        self._kube = kube
        self._outbox = outbox
        self._events = events
        self._users = users
        self._turned = turned
        self._kept: dict[str, Kept] = {}
        outbox.route(Kind.DEPENDENCY, "status", self._send)

    async def reconcile(self, body: Mapping[str, Any]) -> None:
        """Store what a resource says.

        Raises:
            QueueUnavailable: not done; to be tried again.
        """
        meta = body["metadata"]
        name, uid = meta["name"], meta["uid"]
        self._events.know(About(Kind.DEPENDENCY, name, uid))
        try:
            spec = DependencySpec.model_validate(dict(body.get("spec") or {}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            message = f"spec.{where}: {first['msg']}"
            self._events.post(name, EventKind.WARNING, "InvalidSpec", message, of=Kind.DEPENDENCY)
            return
        await self._dependencies.register(name, spec)
        kept = self._kept.get(name)
        if kept is None or kept.uid != uid:
            kept = self._kept[name] = Kept(uid, 0, dict(body.get("status") or {}))
        kept.generation = meta.get("generation", 0)

    async def forget(self, name: str) -> None:
        """The resource is being deleted: calls are no longer limited by it.

        Raises:
            QueueUnavailable: not done; to be tried again.
        """
        await self._dependencies.unregister(name)
        self._kept.pop(name, None)
        self._events.forget(Kind.DEPENDENCY, name)

    def sights(self, names: tuple[str, ...]) -> tuple[DependencySight, ...]:
        """Those of these names that are known."""
        states = (self._kept[name].state for name in names if name in self._kept)
        return tuple(sight(state) for state in states if state is not None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except QueueUnavailable as error:
                log.warning("dependencies_unreadable", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        if not self._kept:
            return
        for state in await self._dependencies.states():
            kept = self._kept.get(state.name)
            if kept is None:
                continue
            before, kept.state = kept.state, state
            turned = before is None or before.breaker.effective != state.breaker.effective
            delay_s = 0.0 if turned else COUNTS_EVERY_S
            key = Key(Kind.DEPENDENCY, "status", state.name)
            self._outbox.put(key, rank=Rank.FUNCTION, delay_s=delay_s)
            if turned:
                self._turned(state.name)

    async def _send(self, name: str) -> None:
        kept = self._kept.get(name)
        if kept is None or kept.state is None:
            return
        status = written(
            dependency_status(
                kept.state,
                await self._dependencies.transitions(name),
                generation=kept.generation,
                used_by=len(self._users(name)),
                before=kept.seen_status,
            )
        )
        if status == kept.seen_status:
            return
        await self._kube.replace_status(Kind.DEPENDENCY, name, status, uid=kept.uid)
        if is_news(status, kept.seen_status):
            self._tell(name, kept.seen_status.get("state"), status)
        kept.seen_status = status

    def _tell(self, name: str, before: str | None, status: Mapping[str, Any]) -> None:
        after = status["state"]
        if before is None or before == after:
            return
        kind = EventKind.NORMAL if after == "Closed" else EventKind.WARNING
        message = f"{before} -> {after}: {status['reason'] or 'calls succeed again'}"
        self._events.post(name, kind, f"Breaker{after}", message, of=Kind.DEPENDENCY)
