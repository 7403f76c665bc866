"""Makes JSON answers without passing them through models again."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

JSON = (b"content-type", b"application/json")


class Reply(Response):
    """A complete JSON answer: headers are made once, as bytes."""

    def __init__(
        self, body: bytes, *, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Keep what is sent."""
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            JSON,
            (b"content-length", str(len(body)).encode()),
            *(headers or ()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self.body})


def reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer from plain data."""
    given = [
        (name.lower().encode(), text.encode("latin-1")) for name, text in (headers or {}).items()
    ]
    return Reply(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status=status, headers=given)
