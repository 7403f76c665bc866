"""One reader of the event streams for everybody in this process: stream clients and waiting requests.

Reads only while somebody listens. A listener that falls behind is told so and let go; it never makes
others wait and never holds more than its bound.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TERMINAL, TaskId
from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api.ports import Queue
from asynctaskflow_api.streams import position
from asynctaskflow_api.streams.position import Frame, Positions

BLOCK_MS = 1000
BLOCK_SLACK_S = 1.0
READ_LIMIT = 500
REFRESH_S = 2.0
LINGER_S = 30.0
PAUSE_S = 0.5
NO_FUNCTIONS_PAUSE_S = 0.25

ENDED = frozenset(str(state) for state in TERMINAL)
_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Listener:
    """One client's bounded share of what happens.

    Attributes:
        lost: it fell behind and its events were dropped.
    """

    accepts: Callable[[Event], bool]
    limit: int
    frames: deque[Frame] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False

    def offer(self, frame: Frame) -> None:
        """Keep a frame, or give up on this listener."""
        if self.lost or not self.accepts(frame.event):
            return
        if len(self.frames) >= self.limit:
            self.lost = True
            self.frames.clear()
        else:
            self.frames.append(frame)
        self.arrived.set()

    def take(self) -> list[Frame]:
        """What has arrived since the last call."""
        self.arrived.clear()
        taken = list(self.frames)
        self.frames.clear()
        return taken


class Hub:
    """Reads events and hands them out."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        """Nothing is read yet."""
        self.closing = asyncio.Event()
        self._queue = queue
        self._clock = clock
        self._listeners: set[Listener] = set()
        self._waiters: dict[str, set[asyncio.Future[Event | None]]] = {}
        self._positions: Positions = {}
        self._wanted = asyncio.Event()
        self._positioned = asyncio.Event()
        self._refresh_at_s = 0.0
        self._idle_since_s = 0.0

    @property
    def clients(self) -> int:
        """Stream clients now."""
        return len(self._listeners)

    @property
    def functions(self) -> frozenset[str]:
        """Functions whose events are read."""
        return frozenset(self._positions)

    def cursor(self) -> str:
        """Text to resume from this moment."""
        return position.write(self._positions)

    def close(self) -> None:
        """End every stream and every wait; called when the process is asked to stop."""
        self.closing.set()
        for futures in self._waiters.values():
            _tell(futures, None)
        for listener in self._listeners:
            listener.arrived.set()

    @asynccontextmanager
    async def listening(
        self, accepts: Callable[[Event], bool], *, limit: int, within_s: float
    ) -> AsyncIterator[Listener]:
        """A listener that sees every event from now on.

        Raises:
            QueueUnavailable: the streams cannot be read.
        """
        listener = Listener(accepts, limit)
        self._listeners.add(listener)
        try:
            await self._reading(within_s)
            yield listener
        finally:
            self._listeners.discard(listener)
            self._idle_since_s = self._clock.mono_s()

    @asynccontextmanager
    async def awaiting(
        self, task_id: TaskId, *, within_s: float
    ) -> AsyncIterator[asyncio.Future[Event | None]]:
        """A future of the event that ends or deletes the task; ask for the task's state after this.

        It is ``None`` when this process stops.

        Raises:
            QueueUnavailable: the streams cannot be read.
        """
        future: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        if self.closing.is_set():
            future.set_result(None)
        with self._waiting(task_id.uuid, future):
            await self._reading(within_s)
            yield future

    @contextmanager
    def _waiting(self, uuid: str, future: asyncio.Future[Event | None]) -> Iterator[None]:
        self._waiters.setdefault(uuid, set()).add(future)
        try:
            yield
        finally:
            self._waiters[uuid].discard(future)
            if not self._waiters[uuid]:
                del self._waiters[uuid]
            future.cancel()
            self._idle_since_s = self._clock.mono_s()

    async def _reading(self, within_s: float) -> None:
        self._wanted.set()
        if self._positioned.is_set():
            return
        try:
            async with asyncio.timeout(within_s):
                await self._positioned.wait()
        except TimeoutError as error:
            raise QueueUnavailable("the event streams cannot be read") from error

    async def run(self) -> None:
        """Read for ever; start it once."""
        while True:
            await self._wanted.wait()
            try:
                await self._turn()
            except (QueueUnavailable, TimeoutError) as error:
                _log.warning("event_streams_unreadable", error=str(error))
                await asyncio.sleep(PAUSE_S)

    async def _turn(self) -> None:
        if self._is_idle():
            self._rest()
            return
        async with asyncio.timeout(BLOCK_MS / 1000 + BLOCK_SLACK_S):
            await self._discover()
            if not self._positions:
                await asyncio.sleep(NO_FUNCTIONS_PAUSE_S)
                return
            events = await self._queue.events(self._positions, block_ms=BLOCK_MS, limit=READ_LIMIT)
        for frame in position.advance(self._positions, events):
            self._publish(frame)

    def _is_idle(self) -> bool:
        busy = bool(self._listeners or self._waiters)
        return not busy and self._clock.mono_s() - self._idle_since_s > LINGER_S

    def _rest(self) -> None:
        self._positions.clear()
        self._positioned.clear()
        self._wanted.clear()

    async def _discover(self) -> None:
        """Follow every registered function: at first from now on, one that comes later from its beginning."""
        now_s = self._clock.mono_s()
        if self._positioned.is_set() and now_s < self._refresh_at_s:
            return
        names = await self._queue.functions()
        found = [name for name in names if name not in self._positions]
        starts = dict.fromkeys(found, position.NOTHING_READ)
        if not self._positioned.is_set():
            last = await asyncio.gather(*(self._queue.last_event_id(name) for name in found))
            starts = dict(zip(found, last, strict=True))
        for gone in self._positions.keys() - set(names):
            del self._positions[gone]
        self._positions.update(starts)
        self._positioned.set()
        self._refresh_at_s = now_s + REFRESH_S

    def _publish(self, frame: Frame) -> None:
        event = frame.event
        if event.new in ENDED or event.kind == "deleted":
            _tell(self._waiters.get(event.uuid, ()), event)
        for listener in self._listeners:
            listener.offer(frame)


def _tell(futures: Iterable[asyncio.Future[Event | None]], event: Event | None) -> None:
    for future in futures:
        if not future.done():
            future.set_result(event)
