"""Turns a step into what goes over the wire, honest or not."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson

from asynctaskflow_openrouter.simulator.script import Kind, Step
from asynctaskflow_openrouter.simulator.wire import head_bytes, json_bytes, response_bytes

MiB = 1024 * 1024
CHUNK_BYTES = 65_536
DRIP_S = 0.05
RESET_LINGER = struct.pack("ii", 1, 0)  # closing with zero linger sends RST


@dataclass(frozen=True, slots=True)
class Peer:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Write, and wait until the client takes it."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client gives up."""
        while await self.reader.read(CHUNK_BYTES):
            pass

    def reset(self) -> None:
        """Drop the connection so that the client sees a reset, not an end."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_LINGER)
        self.writer.transport.abort()


async def play(peer: Peer, step: Step, answer: dict[str, Any], *, now_ms: int) -> bool:
    """Play one step whose latency is over.

    Args:
        peer: the client.
        step: what to play.
        answer: the honest completion, which broken answers are made of.
        now_ms: wall time, for HTTP-dates.

    Returns:
        Whether the connection can be used again.
    """
    complete = _complete(step, answer, now_ms)
    if complete is None:
        await _misbehave(peer, step, orjson.dumps(answer))
        return False
    await peer.send(complete)
    return True


def _complete(step: Step, answer: dict[str, Any], now_ms: int) -> bytes | None:
    """Answers that are whole as HTTP, whatever is in them; ``None`` for the others."""
    if step.kind is Kind.STATUS:
        error = {"error": _error(step)}
        return json_bytes(step.status, error, headers=_retry_headers(step, now_ms))
    if step.kind is Kind.REDIRECT:
        return response_bytes(307, b"", headers={"Location": step.location})
    if step.kind in _CONTENTS:
        return json_bytes(200, _CONTENTS[step.kind](step, answer))
    if step.kind in _BODIES:
        return _BODIES[step.kind](orjson.dumps(answer))
    return None


def _with_choice(answer: dict[str, Any], **choice: object) -> dict[str, Any]:
    return {**answer, "choices": [choice]}


# Whole as JSON, whatever they say.
_CONTENTS: dict[Kind, Callable[[Step, dict[str, Any]], dict[str, Any]]] = {
    Kind.ANSWER: lambda _, answer: answer,
    Kind.ERROR_IN_200: lambda step, _: {"error": _error(step)},
    Kind.ERROR_IN_CHOICE: lambda step, answer: _with_choice(
        answer, error=_error(step), finish_reason="error", message={"content": ""}
    ),
    Kind.EMPTY_CHOICES: lambda _, answer: {**answer, "choices": []},
    Kind.EMPTY_TEXT: lambda _, answer: _with_choice(
        answer, message={"content": " "}, finish_reason="stop"
    ),
    Kind.FILTERED: lambda _, answer: _with_choice(
        answer, message={"content": None}, finish_reason="content_filter"
    ),
    Kind.LENGTH: lambda _, answer: _with_choice(
        answer, message=answer["choices"][0]["message"], finish_reason="length"
    ),
    Kind.WRONG_SCHEMA: lambda _, __: {"choices": [{"text": "an older API"}]},
}

# Whole as HTTP, whatever is in them.
_BODIES: dict[Kind, Callable[[bytes], bytes]] = {
    Kind.HTML: lambda _: response_bytes(
        200, b"<!doctype html><title>502</title><h1>Bad gateway</h1>", content_type="text/html"
    ),
    Kind.BROKEN_JSON: lambda body: response_bytes(200, body[:-20]),
    Kind.WRONG_CHARSET: lambda _: response_bytes(200, '{"choices": "caf\u00e9"}'.encode("latin-1")),
    Kind.BROKEN_GZIP: lambda _: response_bytes(
        200, b"\x1f\x8b\x08\x00not gzip at all", headers={"Content-Encoding": "gzip"}
    ),
}


async def _misbehave(peer: Peer, step: Step, body: bytes) -> None:
    head = head_bytes(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
    match step.kind:
        case Kind.STALL_HEADERS:
            await peer.gone()
        case Kind.STALL_BODY:
            await peer.send(head + body[: len(body) // 2])
            await peer.gone()
        case Kind.SLOW_BODY:
            await _drip(peer, head, body)
        case Kind.TRUNCATE:
            await peer.send(head + body[: len(body) // 2])
        case Kind.HUGE_BODY:
            await _flood(peer, step.size_bytes)
        case Kind.GZIP_BOMB:
            await peer.send(_bomb(step.size_bytes))
        case Kind.RESET:
            peer.reset()
        case _:
            pass  # CLOSE: not a byte


async def _drip(peer: Peer, head: bytes, body: bytes) -> None:
    await peer.send(head)
    for byte in body:
        await peer.send(bytes([byte]))
        await asyncio.sleep(DRIP_S)


async def _flood(peer: Peer, size_bytes: int) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(size_bytes)}
    await peer.send(head_bytes(200, headers))
    for _ in range(0, size_bytes, CHUNK_BYTES):
        await peer.send(b" " * CHUNK_BYTES)


def _bomb(size_bytes: int) -> bytes:
    """Spaces, a thousandfold: one block that stands alone, repeated; the checksum at the end is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first, block = (packer.compress(b" " * MiB) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    body = first + block * max(0, size_bytes // MiB - 1) + packer.flush()
    return response_bytes(200, body, headers={"Content-Encoding": "gzip"})


def _error(step: Step) -> dict[str, Any]:
    message = step.message or f"simulated error {step.status}"
    error: dict[str, Any] = {"code": step.status, "message": message}
    return {**error, "metadata": step.metadata} if step.metadata else error


def _retry_headers(step: Step, now_ms: int) -> dict[str, str]:
    if step.retry_after is None:
        return {}
    kind, _, offset_s = step.retry_after.partition(":")
    if kind != "date":
        return {"Retry-After": step.retry_after}
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    then = now + timedelta(seconds=float(offset_s))
    return {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(then, usegmt=True),
    }
