"""Sends one request and reads its answer within deadlines and a byte bound; knows no meaning.

Never follows a redirect, never reads more than it may, and never keeps a connection that it left half
read: a cancelled or cut exchange closes its connection.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

import httpx2

from asynctaskflow.errors import Retryable
from asynctaskflow_openrouter import faults

ERROR_BODY_MAX_BYTES = 65_536
OK = 200
CONNECT_SHARE = 0.4  # of the first byte's: TCP and TLS each, and some left for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Four separate limits, in seconds: none of them alone stops every kind of stall.

    Attributes:
        connect_s: TCP and TLS, each.
        first_byte_s: from the start to the response's headers.
        idle_s: silence inside the body; a drip of bytes passes it.
        total_s: the whole exchange; the drip ends here.
    """

    connect_s: float
    first_byte_s: float
    idle_s: float
    total_s: float

    def nested(self) -> "Deadlines":
        """Each within the one that holds it, so that a short total alone is a sound setting.

        A handshake that is cut from outside would leave its socket to the garbage collector: both parts of
        connecting must end by their own limit before the first byte's.
        """
        first_byte_s = min(self.first_byte_s, self.total_s)
        connect_s = min(self.connect_s, CONNECT_SHARE * first_byte_s)
        return replace(self, connect_s=connect_s, first_byte_s=first_byte_s)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``headers`` have names in lower case, ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    http: httpx2.AsyncClient, request: httpx2.Request, *, deadlines: Deadlines, max_bytes: int
) -> Reply:
    """One request, one answer.

    Raises:
        Retryable: timeout, network or bad_response, as the table in `faults` says.
    """
    try:
        async with asyncio.timeout(deadlines.total_s):
            response = await _headers(http, request, deadlines.first_byte_s)
            try:
                body = await _body(response, deadlines.idle_s, max_bytes)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise faults.timed_out("complete answer", deadlines.total_s) from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, body)


async def _headers(
    http: httpx2.AsyncClient, request: httpx2.Request, first_byte_s: float
) -> httpx2.Response:
    try:
        async with asyncio.timeout(first_byte_s):
            return await http.send(request, stream=True, follow_redirects=False)
    except TimeoutError as error:
        raise faults.timed_out("first byte", first_byte_s) from error
    except httpx2.HTTPError as error:
        raise faults.from_transport(error) from error


async def _body(response: httpx2.Response, idle_s: float, max_bytes: int) -> bytes:
    if response.status_code == OK:
        return await _bounded(response, idle_s, max_bytes)
    try:
        return await _bounded(response, idle_s, ERROR_BODY_MAX_BYTES)
    except Retryable:  # the status says enough; a broken explanation must not hide it
        return b""


async def _bounded(response: httpx2.Response, idle_s: float, max_bytes: int) -> bytes:
    body = bytearray()
    try:
        async with aclosing(response.aiter_bytes()) as chunks:
            while (chunk := await _next(chunks, idle_s)) is not None:
                body += chunk
                if len(body) > max_bytes or response.num_bytes_downloaded > max_bytes:
                    raise faults.bad_response(f"answer larger than {max_bytes} bytes")
    except httpx2.HTTPError as error:
        raise faults.from_body(error) from error
    return bytes(body)


async def _next(chunks: AsyncIterator[bytes], idle_s: float) -> bytes | None:
    try:
        async with asyncio.timeout(idle_s):
            return await anext(chunks, None)
    except TimeoutError as error:
        raise faults.timed_out("next byte", idle_s) from error
