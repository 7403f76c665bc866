"""Keeps ``Function.status`` true: at once when people would act on a change, every few seconds for mere counts."""

from collections.abc import Mapping
from typing import Any, Protocol

from asynctaskflow.clock import Clock
from asynctaskflow_operator.events import EventKind, Events
from asynctaskflow_operator.functions.book import Book, Managed
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Outbox, Rank
from asynctaskflow_operator.kube.port import Kube
from asynctaskflow_operator.manifests.worker import selector_of
from asynctaskflow_operator.rules.conditions import written
from asynctaskflow_operator.rules.function_status import (
    Crew,
    FunctionSight,
    function_status,
    is_change,
    is_news,
)

COUNTS_EVERY_S = 5.0
NEWS_AFTER_S = 0.2  # several changes of one moment are one write


class Shown(Protocol):
    """What is said about the Task resources of a Function."""

    @property
    def shown(self) -> int:
        """Resources that exist."""
        ...

    @property
    def skipped(self) -> int:
        """Tasks without one."""
        ...

    @property
    def message(self) -> str:
        """Why."""
        ...


class Visibility(Protocol):
    """Who knows that."""

    def shown(self, function: str) -> Shown:
        """Of one Function."""
        ...


class FunctionPublisher:
    """Writes the status of Functions through the outbox."""

    def __init__(
        self,
        book: Book,
        *,
        kube: Kube,
        outbox: Outbox,
        visibility: Visibility,
        events: Events,
        clock: Clock,
    ) -> None:
        """Register as the deliverer of Functions' statuses."""
        self._book = book
        self._kube = kube
        self._outbox = outbox
        self._visibility = visibility
        self._events = events
        self._clock = clock
        outbox.route(Kind.FUNCTION, "status", self._send)

    def publish(self, one: Managed) -> None:
        """Have the status written, if it says something new."""
        status = self._status(one)
        if is_news(status, one.seen_status):
            delay_s = NEWS_AFTER_S
        elif is_change(status, one.seen_status):
            delay_s = COUNTS_EVERY_S
        else:
            return
        self._outbox.put(
            Key(Kind.FUNCTION, "status", one.name), rank=Rank.FUNCTION, delay_s=delay_s
        )

    async def _send(self, name: str) -> None:
        one = self._book.get(name)
        if one is None:
            return
        status = written(self._status(one))
        if not is_change(status, one.seen_status):
            return
        await self._kube.replace_status(Kind.FUNCTION, name, status, uid=one.uid)
        self._tell(one, one.seen_status, status)
        one.seen_status = status

    def _status(self, one: Managed) -> dict[str, Any]:
        shown = self._visibility.shown(one.name)
        crew = Crew(
            replicas=len(one.workers.staying),
            ready=one.workers.ready,
            busy=one.busy,
            draining=len(one.workers.pods) - len(one.workers.staying),
        )
        sight = FunctionSight(
            generation=one.generation,
            selector=",".join(f"{key}={value}" for key, value in selector_of(one.name).items()),
            problem=one.problem,
            deleting=one.deleting,
            spec=one.spec,
            crew=crew,
            depths=one.depths,
            decision=one.decision,
            records=one.records,
            dependencies=one.dependencies,
            shown=shown.shown,
            skipped=shown.skipped,
            visibility=shown.message,
            before=one.seen_status,
        )
        return function_status(sight, now_s=self._clock.wall_ms() / 1000)

    def _tell(self, one: Managed, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """An Event when the breaker's state as this Function meets it has changed."""
        old, new = before.get("breaker") or "", after["breaker"]
        if old in {new, ""} or new in {"", "Unknown"} or old == "Unknown":
            return
        kind = EventKind.NORMAL if new == "Closed" else EventKind.WARNING
        names = ", ".join(d["name"] for d in after["dependencies"] if d["state"] == new)
        self._events.post(one.name, kind, f"Breaker{new}", f"{names}: {old} -> {new}")
