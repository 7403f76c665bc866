"""The HTTP server, with two things that uvicorn does not do: streams end at SIGTERM, stuck ones are cut."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asynctaskflow_api.streams.sse import ABORT

KEEP_ALIVE_S = 65
BACKLOG = 2048
HEADERS_WITHIN_S = 15.0


class Connection(HttpToolsProtocol):
    """One connection.

    A client that does not read blocks its stream for ever, and closing politely waits for it: streams get
    a way to cut it. One that does not finish its headers is cut too.
    """

    _headers_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for the first request's headers."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._headers_due = self.loop.call_later(HEADERS_WITHIN_S, self._cut_slow)

    def on_headers_complete(self) -> None:
        """Let the application cut the connection."""
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None
        super().on_headers_complete()
        extensions = cast(dict[str, Any], self.scope.setdefault("extensions", {}))
        extensions[ABORT] = self.transport.abort

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._headers_due is not None:
            self._headers_due.cancel()
        super().connection_lost(exc)

    def _cut_slow(self) -> None:
        self.transport.abort()


class Server(uvicorn.Server):
    """Tells the streams to end before it waits for requests to finish."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        """Keep what is told."""
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._on_stop()
        await super().shutdown(sockets)
