"""One Redis connection that many callers share: each writes at once, replies come back in order.

The connection is made, secured and authenticated by redis-py; then its transport is handed to a protocol of
four methods, because a stream reader wakes a task and starts a timer for every reply.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from hiredis import Reader
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - the client's own name
    NoScriptError,
    ResponseError,
    TimeoutError,  # noqa: A004 - the client's own name
)

_INCOMPLETE = object()


@dataclass(slots=True)
class _Exchange:
    expected: int
    answer: asyncio.Future[list[Any]]
    until_s: float
    replies: list[Any] = field(default_factory=list)


class Wire(asyncio.Protocol):
    """The protocol of one open connection; of no use once it is lost."""

    def __init__(self, connection: Any) -> None:
        """Take over a connected redis-py connection, which must not be used for anything else."""
        self._connection = connection
        self._reader = Reader(
            protocolError=ConnectionError, replyError=_error, notEnoughData=_INCOMPLETE
        )
        self._exchanges: deque[_Exchange] = deque()
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport = connection._writer.transport
        self._stream = self._transport.get_protocol()
        self._transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Whether it can be written to."""
        return not self._transport.is_closing()

    def exchange(
        self, packed: bytes, *, expected: int, within_s: float
    ) -> "asyncio.Future[list[Any]]":
        """Write commands; the future gets their replies, errors of the server among them as values.

        A future that is cancelled leaves its replies to nobody: they are read and dropped in their turn. One that
        is not answered within ``within_s`` ends the connection, with ``TimeoutError`` for all that wait on it.
        """
        answer: asyncio.Future[list[Any]] = self._loop.create_future()
        until_s = self._loop.time() + within_s
        self._exchanges.append(_Exchange(expected, answer, until_s))
        if self._alarm is None:
            self._alarm = self._loop.call_at(until_s, self._look)
        self._transport.write(packed)
        return answer

    async def close(self) -> Any:
        """Drop the connection; returns it for its pool."""
        self._silence()
        self._fail(ConnectionError("the connection was dropped"))
        await self._connection.disconnect(nowait=True)
        return self._connection

    def data_received(self, data: bytes) -> None:
        """Give replies to those who wait, in order."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _INCOMPLETE:
            if not self._exchanges:
                self._transport.abort()
                return
            first = self._exchanges[0]
            first.replies.append(reply)
            if len(first.replies) == first.expected:
                self._exchanges.popleft()
                if not first.answer.done():
                    first.answer.set_result(first.replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody will get an answer any more; redis-py's stream must know too, or closing waits for ever."""
        self._silence()
        self._stream.connection_lost(exc)
        self._fail(ConnectionError(f"Redis has closed the connection: {exc or 'end of stream'}"))

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _look(self) -> None:
        """One timer for all exchanges, set again as long as there are any: most are over long before it rings."""
        self._alarm = None
        if not self._exchanges:
            return
        until_s = self._exchanges[0].until_s
        if until_s > self._loop.time():
            self._alarm = self._loop.call_at(until_s, self._look)
            return
        self._fail(TimeoutError("no answer within the deadline"))
        self._transport.abort()

    def _fail(self, error: Exception) -> None:
        while self._exchanges:
            answer = self._exchanges.popleft().answer
            if not answer.done():
                answer.set_exception(error)


def _error(text: str) -> ResponseError:
    return NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
