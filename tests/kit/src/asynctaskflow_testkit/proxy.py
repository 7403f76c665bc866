"""A TCP proxy on loopback that breaks the network on command, without root and without touching others.

Modes may be changed while connections are open; they hold for what passes from then on.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from asynctaskflow_testkit.lifetime import LOOPBACK

CHUNK_BYTES = 65_536
TRICKLE_PAUSE_S = 0.05
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    """What the network does.

    * ``pass``: nothing special.
    * ``latency``: each chunk waits, in both directions.
    * ``blackhole``: connections are accepted, nothing gets through, nothing is lost when it ends.
    * ``reset``: open and new connections are cut with RST.
    * ``refuse``: open connections are closed and nobody listens.
    * ``trickle``: replies come one byte at a time.
    * ``drop-reply-once``: the next reply is lost with its connection after the server has acted; then ``pass``.
    """

    PASS = "pass"
    LATENCY = "latency"
    BLACKHOLE = "blackhole"
    RESET = "reset"
    REFUSE = "refuse"
    TRICKLE = "trickle"
    DROP_REPLY_ONCE = "drop-reply-once"


class FaultProxy:
    """One listening port in front of one target.

    Attributes:
        port: where to connect.
        connections: accepted so far.
        dropped: replies lost on purpose so far.
    """

    def __init__(self, target_port: int) -> None:
        """Nothing listens yet; see ``fault_proxy``."""
        self.target_port = target_port
        self.port = 0
        self.connections = 0
        self.dropped = 0
        self._mode = Mode.PASS
        self._latency_s = 0.0
        self._may_flow = asyncio.Event()
        self._may_flow.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The proxy as a Redis URL."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    async def set_mode(self, mode: Mode, *, latency_s: float = 0.0) -> None:
        """Break, or mend with ``Mode.PASS``."""
        self._mode, self._latency_s = mode, latency_s
        if mode is Mode.BLACKHOLE:
            self._may_flow.clear()
        else:
            self._may_flow.set()
        if mode in {Mode.RESET, Mode.REFUSE}:
            self._cut_all()
        if mode is Mode.REFUSE:
            await self._stop_listening()
        elif self._server is None:
            await self.listen()

    async def listen(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut everything and stop listening."""
        self._cut_all()
        await self._stop_listening()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _cut_all(self) -> None:
        for writer in self._open:
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._mode is Mode.RESET:
            return _reset(writer)
        try:
            up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            return _reset(writer)
        self._open |= {writer, up_writer}
        for source, sink, is_reply in ((reader, up_writer, False), (up_reader, writer, True)):
            pipe = asyncio.create_task(self._pipe(source, sink, is_reply=is_reply))
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)
        return None

    async def _pipe(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_reply: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                await self._may_flow.wait()
                if is_reply and self._mode is Mode.DROP_REPLY_ONCE:
                    self._mode = Mode.PASS
                    self.dropped += 1
                    break
                await self._forward(chunk, sink, is_reply=is_reply)
        self._open.discard(sink)
        sink.close()

    async def _forward(self, chunk: bytes, sink: asyncio.StreamWriter, *, is_reply: bool) -> None:
        if self._mode is Mode.LATENCY:
            await asyncio.sleep(self._latency_s)
        if self._mode is Mode.TRICKLE and is_reply:
            for byte in chunk:
                sink.write(bytes([byte]))
                await sink.drain()
                await asyncio.sleep(TRICKLE_PAUSE_S)
            return
        sink.write(chunk)
        await sink.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


@asynccontextmanager
async def fault_proxy(target_port: int) -> AsyncIterator[FaultProxy]:
    """A listening proxy in mode ``pass``."""
    proxy = FaultProxy(target_port)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
