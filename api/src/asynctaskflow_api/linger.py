"""Lets a refused sender read its refusal: takes the rest of the body off the socket before closing.

A server that closes while a body is still arriving makes the kernel answer with a reset, and the sender
loses the answer that was on its way (RFC 9112, 9.6). What is read here is thrown away, within bounds.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED = 400
LINGER_BYTES = 128 * 1024 * 1024
LINGER_S = 2.0
BUFFERED_BYTES = 65_536
CLOSE = (b"connection", b"close")


class Linger:
    """Around the application, inside the envelope."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not _may_be_cut_off(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        refused = False

        async def send_wrapped(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = message["status"] >= REFUSED and not body.read
                if refused:
                    message["headers"] = [*message.get("headers", ()), CLOSE]
            elif refused and not message.get("more_body"):
                await send({**message, "more_body": True})
                await body.drain()
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, body.receive, send_wrapped)


class _Body:
    """What has been read of a request's body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.read = False

    async def receive(self) -> Message:
        """The next message, for the application."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            self.read = True
        return message

    async def drain(self) -> None:
        """Throw the rest away, as far as the bounds go."""
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_S):
                while not self.read and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return


def _may_be_cut_off(scope: Scope) -> bool:
    """Whether the body is longer than what the server has taken off the socket by itself."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return not value.isdigit() or int(value) > BUFFERED_BYTES
    return False
