"""What is around every answer: a request id, security headers, counters. Pure ASGI, one wrapper of ``send``.

Never reads a body and never decides about access.
"""

import re
import secrets
from contextlib import suppress
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asynctaskflow.clock import Clock

REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
CSP = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE = (b"cache-control", b"no-store")
HSTS = (b"strict-transport-security", b"max-age=31536000")
OVERRIDABLE = frozenset({CSP[0], NO_STORE[0]})


class RequestMeter(Protocol):
    """Counts answers."""

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """One answer has begun after ``seconds``."""
        ...


class Envelope:
    """The outermost of our layers."""

    def __init__(self, app: ASGIApp, *, meter: RequestMeter, clock: Clock) -> None:
        """Wrap an application."""
        self._app = app
        self._meter = meter
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = self._clock.mono_s()
        request_id = _read_context(scope)

        async def send_wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_ours(scope, list(message.get("headers", ())), request_id)
                self._meter.answered(
                    method=scope["method"],
                    route=getattr(scope.get("route"), "path", "(none)"),
                    status=message["status"],
                    seconds=self._clock.mono_s() - started_s,
                )
            await send(message)

        with suppress(ClientDisconnect):  # nobody is there to be answered
            await self._app(scope, receive, send_wrapped)


def _read_context(scope: Scope) -> bytes:
    """Put ``request_id`` and ``traceparent`` into the scope; malformed ones are not echoed."""
    request_id = b""
    scope["traceparent"] = ""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            request_id = value
        elif name == b"traceparent" and TRACEPARENT.fullmatch(value):
            scope["traceparent"] = value.decode()
    request_id = request_id or secrets.token_hex(8).encode()
    scope["request_id"] = request_id.decode()
    return request_id


def _with_ours(
    scope: Scope, headers: list[tuple[bytes, bytes]], request_id: bytes
) -> list[tuple[bytes, bytes]]:
    given = {name for name, _ in headers if name in OVERRIDABLE}
    headers.append((b"x-request-id", request_id))
    headers += SECURITY_HEADERS
    if CSP[0] not in given:
        headers.append(CSP)
    if NO_STORE[0] not in given:
        headers.append(NO_STORE)
    if scope.get("scheme") == "https":
        headers.append(HSTS)
    return headers
