"""A stored file as an answer: streamed in small parts, and whole only if every byte is the one that was stored.

What a stranger uploaded is not trusted: its type and its name become harmless headers, and it can run nothing here.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from asynctaskflow.blobs.port import CONTENT_TYPE, BlobRef, BlobStore
from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_api.streams.sse import ABORT

OK = 200
PART_BYTES = 65_536
FILENAME_CHARS = 255
PRIVATE = "private, no-cache"
# A document of this answer has an origin of its own, so an uploaded page cannot act as its reader.
CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
NOT_QUOTABLE = re.compile(r"[^ !#-$&-\[\]-~]")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a download may use.

    Attributes:
        turn: held while it runs; refuses when too many do.
        silence_s: a client that reads nothing for so long is cut.
    """

    turn: Callable[[], AbstractContextManager[None]]
    silence_s: float


class Download(StreamingResponse):
    """One blob. What is wrong before its first byte is an ordinary error, later the connection is cut."""

    def __init__(self, blobs: BlobStore, found: BlobRef, bounds: Bounds, *, filename: str) -> None:
        """Nothing is read yet."""
        self._pieces = withheld(blobs.open(str(found)))
        self._name = str(found)
        self._bounds = bounds
        self._first = b""
        self._cut: Callable[[], None] | None = None
        headers = {
            "Content-Length": str(found.bytes),
            "Content-Disposition": disposition(filename),
            "Content-Type": media_type(found.content_type),
            **lasting(found),
        }
        super().__init__(self._pieces, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it until its end, or until the client leaves.

        Raises:
            TooManyAtOnce, BlobNotFound, BlobCorrupt, BlobsUnavailable, QueueUnavailable
        """
        self._cut = scope.get("extensions", {}).get(ABORT)
        with self._bounds.turn():
            async with aclosing(self._pieces):
                self._first = await anext(self._pieces)
                await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send it; see ``StreamingResponse``."""
        start = {"type": "http.response.start", "status": OK, "headers": self.raw_headers}
        await send(start)
        try:
            await self._send(send, self._first)
            async for piece in self._pieces:
                await self._send(send, piece)
        except (AsyncTaskFlowError, TimeoutError) as error:
            _log.warning("download_cut", blob=self._name, error=str(error) or "nobody reads")
            if self._cut is None:
                raise
            self._cut()
            return
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send, piece: bytes) -> None:
        """In small parts, so that a slow reader is told from one that has stopped."""
        for start in range(0, len(piece), PART_BYTES):
            part = piece[start : start + PART_BYTES]
            async with asyncio.timeout(self._bounds.silence_s):
                await send({"type": "http.response.body", "body": part, "more_body": True})


async def withheld(pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes, the last of them only when the pieces have ended well.

    A store compares the digest after its last piece: without this, a damaged file would look whole by then. Yields
    once at least.
    """
    last = b""
    async for piece in pieces:
        yield last + piece[:-1]
        last = piece[-1:]
    yield last


def lasting(found: BlobRef) -> dict[str, str]:
    """Headers that hold for the file and for "not modified" alike; a browser asks again each time it shows it."""
    return {
        "ETag": f'"{found.sha256}"',
        "Cache-Control": PRIVATE,
        "Content-Security-Policy": CSP,
    }


def is_known(found: BlobRef, if_none_match: str) -> bool:
    """Whether an ``If-None-Match`` names this very file (RFC 9110, 13.1.2: a weak tag does too)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return f'"{found.sha256}"' in tags or "*" in tags


def media_type(declared: str) -> str:
    """What the sender declared, if it is a plain media type."""
    kind = declared.strip().lower()
    return kind if MEDIA_TYPE.fullmatch(kind) else CONTENT_TYPE


def plain_name(given: str) -> str:
    """A file's name for people: no part of any path, nothing invisible; may be empty."""
    name = given.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(char for char in name if char.isprintable())[:FILENAME_CHARS]


def disposition(filename: str) -> str:
    """To be shown, under that name when it is saved (RFC 6266)."""
    name = plain_name(filename)
    if not name:
        return "inline"
    return f"inline; filename=\"{NOT_QUOTABLE.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"
