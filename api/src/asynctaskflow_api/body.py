"""Reads request bodies: bounded while they arrive, once, with a deadline on silence."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import ClientDisconnect, Request

from asynctaskflow_api.json_bounds import Bounds
from asynctaskflow_api.problems import BodyTimeout, BodyTooLarge, WrongMediaType
from asynctaskflow_api.settings import ApiSettings

NOT_JSON = (b"multipart/", b"application/x-www-form-urlencoded", b"application/octet-stream")


def bounds(settings: ApiSettings) -> Bounds:
    """The limits on JSON that the settings set."""
    return Bounds(max_depth=settings.json_max_depth, max_keys=settings.json_max_keys)


async def read_json(request: Request, settings: ApiSettings, limits: Bounds) -> Any:
    """The JSON value of the body, within all bounds.

    Raises:
        BodyTooLarge, BodyTimeout, WrongMediaType, BadJson, UnfitJson
    """
    raw = await read_json_text(request, settings, max_bytes=settings.body_max_bytes)
    return limits.read(raw)


async def read_json_text(request: Request, settings: ApiSettings, *, max_bytes: int) -> bytes:
    """The body's bytes, once its label does not contradict JSON."""
    for name, value in request.scope["headers"]:
        if name == b"content-type" and value.lower().startswith(NOT_JSON):
            raise WrongMediaType("send application/json")
    return await read(request, max_bytes=max_bytes, idle_s=settings.body_timeout_s)


async def read(request: Request, *, max_bytes: int, idle_s: float) -> bytes:
    """All of the body.

    Raises:
        BodyTooLarge: by its declared length, or as soon as more has arrived.
        BodyTimeout: nothing arrived for ``idle_s`` seconds.
    """
    refuse_declared(request, max_bytes)
    part, more = await _next_part(request, idle_s)
    if not more and len(part) <= max_bytes:
        return part
    parts, size = [part], len(part)
    while more and size <= max_bytes:
        part, more = await _next_part(request, idle_s)
        parts.append(part)
        size += len(part)
    if size > max_bytes:
        raise _too_large(max_bytes)
    return b"".join(parts)


def refuse_declared(request: Request, max_bytes: int) -> None:
    """Refuse by Content-Length, before a byte of the body is read.

    Raises:
        BodyTooLarge
    """
    for name, value in request.scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > max_bytes):
            raise _too_large(max_bytes)


async def chunks(request: Request, *, max_bytes: int, idle_s: float) -> AsyncIterator[bytes]:
    """The body as it arrives.

    Raises:
        BodyTooLarge, BodyTimeout
        ClientDisconnect: the sender went away.
    """
    size, more = 0, True
    while more:
        part, more = await _next_part(request, idle_s)
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        if part:
            yield part


async def _next_part(request: Request, idle_s: float) -> tuple[bytes, bool]:
    """The next bytes, and whether more follow."""
    try:
        async with asyncio.timeout(idle_s):
            message = await request.receive()
    except TimeoutError as error:
        raise BodyTimeout(f"nothing arrived for {idle_s:g} s") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"at most {max_bytes} bytes are accepted",
        extra={"max_bytes": max_bytes},
        headers={"Connection": "close"},
    )
