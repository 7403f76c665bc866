"""Server-sent events: the seed's status stream, and the feed of every transition."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Header, Query
from starlette.responses import Response

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api import views
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.problems import TooManyAtOnce
from asynctaskflow_api.routes.tasks import parse_id
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.streams import formats
from asynctaskflow_api.streams.position import Frame
from asynctaskflow_api.streams.sse import Dialect, EventStream

DEPTHS_FRESH_S = 0.25
EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An endless stream of events",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
LastId = Annotated[str, Header(alias="Last-Event-ID", max_length=16_384)]
LastIdQuery = Annotated[str, Query(max_length=16_384, description="For clients without headers.")]


class StreamRoutes:
    """Handlers for streams."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services
        self._status: dict[str, Any] = {}
        self._status_at_s = float("-inf")
        self._reading = asyncio.Lock()

    def mount(self, routes: Routes) -> None:
        """Register them."""
        common: dict[str, Any] = {
            "role": Role.READ,
            "responses": EVENT_STREAM,
            "unbounded": True,
            "failures": (429,),
        }
        routes.add(
            "GET",
            "/api/v1/queues/status/stream",
            self.stream_queue_status,
            tag="queues",
            **common,
        )
        routes.add("GET", "/api/v1/events", self.stream_events, tag="events", **common)

    async def stream_queue_status(
        self, last_event_id: LastId = "", last_id: LastIdQuery = ""
    ) -> Response:
        """Stream queue depths and state changes (the seed's stream).

        ``data:`` lines of type ``initial_status``, ``task_created``, ``task_state_changed``, ``task_progress``,
        ``task_deleted``, ``heartbeat``. A client that comes back with the last id misses nothing; if that is not
        possible it gets ``event: reset`` and a new ``initial_status``.
        """
        dialect = Dialect(self._hello, self._render_status, self._heartbeat)
        return self._stream(dialect, lambda _: True, last_event_id or last_id)

    async def stream_events(
        self,
        function: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006 - FastAPI copies it
        task: Annotated[str, Query(max_length=80)] = "",
        last_event_id: LastId = "",
        last_id: LastIdQuery = "",
    ) -> Response:
        """Stream every transition and progress report.

        ``event: task`` or ``event: function``, with ids to resume from; ``event: ready`` first, ``event: reset``
        when events were missed for good. Filter by ``function`` (may repeat) or ``task``.
        """
        accepts = _filter(function, parse_id(task) if task else None)
        dialect = Dialect(_ready, _render_feed, lambda: formats.PING)
        return self._stream(dialect, accepts, last_event_id or last_id)

    def _stream(
        self, dialect: Dialect, accepts: Callable[[Event], bool], last_event_id: str
    ) -> Response:
        streams = self._services.streams
        if streams.is_full:
            raise TooManyAtOnce("event streams")
        return EventStream(streams, dialect, accepts=accepts, last_event_id=last_event_id)

    async def _hello(self, cursor: str) -> bytes:
        status = await self._fresh_status(0)
        data = {
            "type": "initial_status",
            "queue_depths": status["queues"],
            "state_counts": status["states"],
            "retry_ratio": status["retry_ratio"],
            "functions": status["functions"],
            "timestamp": views.iso(self._services.clock.wall_ms()),
        }
        return formats.entry(data, cursor=cursor)

    async def _render_status(self, frames: Sequence[Frame]) -> bytes:
        depths = (await self._fresh_status(DEPTHS_FRESH_S))["queues"]
        return b"".join(formats.status(frame, depths) for frame in frames)

    async def _fresh_status(self, fresh_s: float) -> Mapping[str, Any]:
        """Depths at most so old; when Redis is away the last ones that are known."""
        clock = self._services.clock
        async with self._reading:
            if self._status and clock.mono_s() - self._status_at_s < fresh_s:
                return self._status
            queue = self._services.queue
            try:
                async with asyncio.timeout(self._services.settings.request_timeout_s):
                    self._status = views.status(await queue.all_depths(await queue.functions()))
            except (QueueUnavailable, TimeoutError):
                self._status = self._status or views.status([])
            self._status_at_s = clock.mono_s()
            return self._status

    def _heartbeat(self) -> bytes:
        timestamp = views.iso(self._services.clock.wall_ms())
        return formats.entry({"type": "heartbeat", "timestamp": timestamp})


async def _ready(cursor: str) -> bytes:
    return formats.entry({"type": "ready"}, event="ready", cursor=cursor)


async def _render_feed(frames: Sequence[Frame]) -> bytes:
    return b"".join(formats.feed(frame) for frame in frames)


def _filter(functions: Sequence[str], task: TaskId | None) -> Callable[[Event], bool]:
    if task is not None:
        return lambda event: event.uuid == task.uuid and event.function == task.function
    wanted = frozenset(functions)
    return lambda event: not wanted or event.function in wanted
