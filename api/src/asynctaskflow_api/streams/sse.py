"""One client of an event stream: resumes, sends, pings, and ends when asked or when the client is too slow."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api.ports import Queue
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_api.streams import formats, position
from asynctaskflow_api.streams.hub import Hub, Listener
from asynctaskflow_api.streams.position import Frame, Positions

REPLAY_ENTRIES = 500
REPLAY_EVENTS = 5000
REPLAYS_AT_ONCE = 8
OK = 200
RETRY_MS = (1500, 3500)
ABORT = "asynctaskflow.abort"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]

Render = Callable[[Sequence[Frame]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a stream speaks.

    Attributes:
        hello: first bytes after the headers, given the cursor of this moment.
        render: frames as bytes.
        ping: bytes that keep the connection alive.
    """

    hello: Callable[[str], Awaitable[bytes]]
    render: Render
    ping: Callable[[], bytes]


class Streams:
    """Makes event streams; one per process."""

    def __init__(self, hub: Hub, queue: Queue, settings: ApiSettings, clock: Clock) -> None:
        """Keep the parts."""
        self.hub = hub
        self.queue = queue
        self.settings = settings
        self.clock = clock
        self.cut = 0
        self._replays = asyncio.Semaphore(REPLAYS_AT_ONCE)

    @property
    def is_full(self) -> bool:
        """Whether one more client would be too many."""
        return self.hub.clients >= self.settings.sse_clients_max

    async def missed(self, after: Positions) -> list[Frame] | None:
        """What happened after these positions; ``None`` if part of it is no longer kept, or too much.

        ``after`` is moved to where the answer ends.
        """
        functions = self.hub.functions
        for gone in after.keys() - functions:
            del after[gone]
        for new in functions - after.keys():
            after[new] = position.NOTHING_READ
        async with self._replays, asyncio.timeout(self.settings.request_timeout_s):
            if not await self._is_kept(after):
                return None
            return await self._read_on(after)

    async def _is_kept(self, after: Mapping[str, str]) -> bool:
        oldest = await asyncio.gather(*(self.queue.first_event_id(name) for name in after))
        return all(
            last == position.NOTHING_READ
            or first == position.NOTHING_READ
            or position.order(first) <= position.order(last)
            for last, first in zip(after.values(), oldest, strict=True)
        )

    async def _read_on(self, after: Positions) -> list[Frame] | None:
        frames: list[Frame] = []
        while len(frames) <= REPLAY_EVENTS:
            events = await self.queue.past_events(after, limit=REPLAY_ENTRIES)
            if not events:
                return frames
            frames += position.advance(after, events)
        return None


class EventStream(Response):
    """The ASGI response that is a stream of events."""

    def __init__(
        self,
        streams: Streams,
        dialect: Dialect,
        *,
        accepts: Callable[[Event], bool],
        last_event_id: str = "",
    ) -> None:
        """Nothing is sent yet."""
        self.background = None
        self.status_code = OK
        self.raw_headers = HEADERS
        self._streams = streams
        self._dialect = dialect
        self._accepts = accepts
        self._last_event_id = last_event_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves, the process stops or the stream is old enough."""
        pump = asyncio.ensure_future(self._pump(scope, send))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                await pump
        finally:
            for task in (pump, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, QueueUnavailable):
                    await task

    async def _pump(self, scope: Scope, send: Send) -> None:
        settings = self._streams.settings
        async with self._streams.hub.listening(
            self._accepts,
            limit=settings.sse_buffer_events,
            within_s=settings.request_timeout_s,
        ) as listener:
            await send({"type": "http.response.start", "status": OK, "headers": list(HEADERS)})
            try:
                async for part in self._parts(listener):
                    async with asyncio.timeout(settings.sse_send_timeout_s):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                async with asyncio.timeout(settings.sse_send_timeout_s):
                    await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                self._streams.cut += 1
                scope.get("extensions", {}).get(ABORT, lambda: None)()

    async def _parts(self, listener: Listener) -> AsyncIterator[bytes]:
        hub, settings = self._streams.hub, self._streams.settings
        ends_s = self._streams.clock.mono_s() + settings.sse_lifetime_s
        retry = random.randint(*RETRY_MS)  # noqa: S311 - spreads reconnects, protects nothing
        yield f"retry: {retry}\n\n".encode()
        seen, first = await self._first()
        yield first
        while not hub.closing.is_set() and self._streams.clock.mono_s() < ends_s:
            try:
                async with asyncio.timeout(settings.sse_heartbeat_s):
                    await listener.arrived.wait()
            except TimeoutError:
                yield self._dialect.ping()
                continue
            frames = [frame for frame in listener.take() if position.is_after(frame, seen)]
            if listener.lost:
                self._streams.cut += 1
                yield formats.reset("too slow", cursor=hub.cursor())
                return
            if frames:
                yield await self._dialect.render(frames)

    async def _first(self) -> tuple[Positions, bytes]:
        """What a client is told first, and how far that reaches."""
        hub = self._streams.hub
        if not self._last_event_id:
            return {}, await self._dialect.hello(hub.cursor())
        after = position.read(self._last_event_id)
        missed = None if after is None else await self._streams.missed(after)
        if after is None or missed is None:
            gone = formats.reset("events are no longer kept", cursor=hub.cursor())
            return {}, gone + await self._dialect.hello(hub.cursor())
        wanted = [frame for frame in missed if self._accepts(frame.event)]
        return after, await self._dialect.render(wanted) if wanted else formats.PING


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
