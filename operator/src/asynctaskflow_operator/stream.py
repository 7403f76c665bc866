"""Follows the event streams of all functions and hands every transition on; remembers where it was.

The position is kept in Redis, so that an operator that was away reads on where it stopped. Where the stream no
longer reaches back that far, listeners are told the time from which they have missed something.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.taskqueue.messages import Event
from asynctaskflow.taskqueue.reader import RedisReader

CURSORS = "operator:cursors"
BLOCK_MS = 1000
ENTRIES_AT_ONCE = 500
IDLE_S = 0.2
GATHER_S = 0.03  # events of a busy moment are read together; one after a quiet time comes at once
PAUSE_AFTER_ERROR_S = 0.5
SAVE_EVERY_S = 2.0
CLOCKS_DIFFER_MS = 5000

log = structlog.get_logger()


class Listener(Protocol):
    """Takes transitions; quick, since all functions wait for it."""

    def note(self, event: Event) -> None:
        """One transition, in the order of its function's stream."""
        ...

    def missed(self, function: str, *, since_ms: int) -> None:
        """Transitions since then may be unknown: look for yourself."""
        ...


class EventFollower:
    """One blocking read for all functions."""

    def __init__(
        self, reader: RedisReader, store: AsyncRedis, clock: Clock, listeners: Iterable[Listener]
    ) -> None:
        """Nothing is read before ``run``."""
        self._reader = reader
        self._store = store
        self._clock = clock
        self._listeners = tuple(listeners)
        self._after: dict[str, str] = {}
        self._joining: dict[str, int] = {}
        self._saved: dict[str, str] = {}
        self._saved_s = 0.0

    def follow(self, function: str) -> None:
        """Listen to one more function, from where it was left."""
        if function not in self._after:
            self._joining[function] = self._clock.wall_ms()

    def leave(self, function: str) -> None:
        """Listen to it no longer."""
        self._joining.pop(function, None)
        self._after.pop(function, None)
        self._saved.pop(function, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._turn()
            except QueueUnavailable as error:
                log.warning("events_unreadable", error=str(error))
                await asyncio.sleep(PAUSE_AFTER_ERROR_S)

    async def _turn(self) -> None:
        for function in sorted(self._joining):
            await self._join(function)
        if not self._after:
            await asyncio.sleep(IDLE_S)
            return
        asked = dict(self._after)  # a function may be left while the answer is waited for
        events = await self._reader.events(asked, block_ms=BLOCK_MS, limit=ENTRIES_AT_ONCE)
        for event in events:
            if event.function in self._after:
                self._after[event.function] = event.stream_id
                for listener in self._listeners:
                    listener.note(event)
        if self._clock.mono_s() - self._saved_s >= SAVE_EVERY_S:
            await self._save()
        if events:
            await asyncio.sleep(GATHER_S)

    async def _join(self, function: str) -> None:
        with translated():
            known = await self._store.hget(CURSORS, function)
        last = known.decode() if known else await self._reader.last_event_id(function)
        since_ms = await self._missed_since_ms(function, last if known else "")
        self._after[function] = self._saved[function] = last
        self._joining.pop(function, None)
        if since_ms is not None:
            for listener in self._listeners:
                listener.missed(function, since_ms=since_ms)
        if not known:
            with translated():
                await self._store.hset(CURSORS, function, last)

    async def _missed_since_ms(self, function: str, cursor: str) -> int | None:
        """From when on events may be missing: since a new function was to be followed, or a trimmed position."""
        if not cursor:
            return self._joining.get(function, self._clock.wall_ms()) - CLOCKS_DIFFER_MS
        if _is_before(cursor, await self._reader.first_event_id(function)):
            return int(cursor.partition("-")[0])
        return None

    async def _save(self) -> None:
        moved = {name: at for name, at in self._after.items() if self._saved.get(name) != at}
        if moved:
            with translated():
                await self._store.hset(CURSORS, mapping=moved)
            self._saved.update(moved)
        self._saved_s = self._clock.mono_s()


def _is_before(cursor: str, first: str) -> bool:
    """Whether something may lie between a position and the oldest event that is left."""
    return _parts(cursor) < _parts(first) and first != "0-0"


def _parts(stream_id: str) -> tuple[int, int]:
    ms, _, number = stream_id.partition("-")
    return int(ms), int(number or 0)
