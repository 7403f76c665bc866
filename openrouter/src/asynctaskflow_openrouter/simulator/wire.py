"""HTTP/1.1 by hand: just enough to read honest requests, and to send dishonest answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

MAX_BODY_BYTES = 64 * 1024 * 1024


class BadRequest(Exception):
    """The client did not speak HTTP as we know it; the connection ends."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are in lower case, ``path`` is without query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The bearer key, '' without one."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; ``None`` when the client has closed it.

    Raises:
        BadRequest: it is no request that we know.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequest("the connection ended inside the headers") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest("headers too large") from error
    method, target, headers = _parse_head(head)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES or "transfer-encoding" in headers:
        raise BadRequest("the body needs a Content-Length within bounds")
    try:
        body = await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise BadRequest("the connection ended inside the body") from error
    return Request(method, urlsplit(target).path, headers, body)


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    request_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = request_line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"not a request line: {request_line[:60]!r}")
    pairs = (line.partition(":") for line in lines)
    return words[0], words[1], {name.strip().lower(): value.strip() for name, _, value in pairs}


def head_bytes(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and headers."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def response_bytes(
    status: int,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """An honest response."""
    all_headers = {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    return head_bytes(status, all_headers) + body


def json_bytes(status: int, value: object, *, headers: Mapping[str, str] | None = None) -> bytes:
    """An honest response with JSON."""
    return response_bytes(status, orjson.dumps(value), headers=headers)
