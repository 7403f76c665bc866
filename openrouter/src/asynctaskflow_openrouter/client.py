"""The API over HTTP: one pool of connections, bounded in time and bytes, errors translated.

It never retries, never waits for a limiter and never looks at a breaker: `model` puts a guard around
it. The key leaves it in one header to one host, and in nothing else.
"""

import ssl
from hashlib import sha256
from typing import Any, Self

import httpx2
import orjson

from asynctaskflow.clock import Clock, SystemClock
from asynctaskflow.errors import Permanent, TaskError
from asynctaskflow_openrouter import faults
from asynctaskflow_openrouter.account import Credits, KeyInfo, read_credits, read_key
from asynctaskflow_openrouter.answer import read_answer, read_object
from asynctaskflow_openrouter.exchange import OK, Deadlines, Reply, exchange
from asynctaskflow_openrouter.faults import ErrorReply, Fault
from asynctaskflow_openrouter.messages import ChatRequest, Completion
from asynctaskflow_openrouter.settings import OpenRouterSettings

NOT_FOUND = 404
KEY_PATHS = ("key", "auth/key")
ACCOUNT_MAX_BYTES = 65_536
KEEPALIVE_S = 15.0
FINGERPRINT_CHARS = 12
SHORTEST_SECRET = (
    8  # a shorter "key" is a placeholder such as "none", which is also an ordinary word
)


class OpenRouterClient:
    """One per process: it owns the connection pool. Close it, or use it as a context manager."""

    def __init__(self, settings: OpenRouterSettings, *, clock: Clock | None = None) -> None:
        """Build the pool; nothing is sent yet.

        Raises:
            ValueError: the settings hold no API key.
        """
        if settings.api_key is None:
            raise ValueError("OPENROUTER_API_KEY is not set")
        self._key = settings.api_key
        self._settings = settings
        self._clock = clock or SystemClock()
        self._base = str(settings.base_url).rstrip("/")
        self._http = _pool(settings)

    @property
    def credential(self) -> str:
        """A fingerprint that tells keys apart and gives nothing of them away."""
        return sha256(self._key.get_secret_value().encode()).hexdigest()[:FINGERPRINT_CHARS]

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        """Ask a model once.

        Args:
            request: the question.
            call_id: the same for each attempt at the same work (a task id and a page), visible ASCII; sent as
                ``Idempotency-Key`` for providers that know it.

        Raises:
            Retryable: as the table in `faults` says.
            Permanent: as the table in `faults` says.

        Warning:
            Most providers do not know ``Idempotency-Key``: a worker that dies after the answer and before
            it settles the task makes the next attempt pay again.
        """
        body = orjson.dumps(request.as_json(self._settings.model))
        if len(body) > self._settings.max_request_bytes:
            limit = self._settings.max_request_bytes
            raise Permanent(
                f"request of {len(body)} bytes, allowed are {limit}",
                error_class=Fault.REQUEST_REJECTED,
            )
        headers = {"Content-Type": "application/json"}
        if call_id is not None:
            headers["Idempotency-Key"] = call_id
        sent = self._http.build_request(
            "POST", f"{self._base}/chat/completions", content=body, headers=headers
        )
        reply = await self._send(sent, self._deadlines(), self._settings.max_response_bytes)
        if reply.status != OK:
            raise self._error(reply)
        return self._scrubbed_answer(reply, request.model or self._settings.model)

    async def key(self) -> KeyInfo | None:
        """What the provider says of the key; ``None`` where a compatible server has no such endpoint.

        Raises:
            Retryable: as the table in `faults` says.
            Permanent: as the table in `faults` says.
        """
        for path in KEY_PATHS:
            reply = await self._get(path)
            if reply.status == OK:
                return read_key(read_object(reply.body))
            if reply.status != NOT_FOUND:
                raise self._error(reply)
        return None

    async def credits(self) -> Credits | None:
        """The account's credits; ``None`` where the key may not see them or the server has none.

        Raises:
            Retryable: the provider does not answer.
        """
        reply = await self._get("credits")
        if reply.status == OK:
            return read_credits(read_object(reply.body))
        error = self._error(reply)
        if isinstance(error, Permanent):
            return None
        raise error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _get(self, path: str) -> Reply:
        check_s = self._settings.check_timeout_s
        deadlines = Deadlines(
            connect_s=self._settings.connect_timeout_s,
            first_byte_s=check_s,
            idle_s=check_s,
            total_s=check_s,
        )
        request = self._http.build_request("GET", f"{self._base}/{path}")
        return await self._send(request, deadlines, ACCOUNT_MAX_BYTES)

    async def _send(self, request: httpx2.Request, deadlines: Deadlines, max_bytes: int) -> Reply:
        deadlines = deadlines.nested()
        request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        request.extensions["timeout"] = httpx2.Timeout(
            connect=deadlines.connect_s,
            read=None,  # exchange() holds first byte, idle and total
            write=deadlines.idle_s,
            pool=deadlines.connect_s,
        ).as_dict()
        return await exchange(self._http, request, deadlines=deadlines, max_bytes=max_bytes)

    def _deadlines(self) -> Deadlines:
        return Deadlines(
            connect_s=self._settings.connect_timeout_s,
            first_byte_s=self._settings.first_byte_timeout_s,
            idle_s=self._settings.idle_timeout_s,
            total_s=self._settings.total_timeout_s,
        )

    def _error(self, reply: Reply) -> TaskError:
        error_reply = ErrorReply(
            reply.status, reply.headers, self._without_key(reply.body), self._clock.wall_ms()
        )
        return faults.from_reply(error_reply, self._settings.retry_after)

    def _scrubbed_answer(self, reply: Reply, model: str) -> Completion:
        return read_answer(self._without_key(reply.body), asked_model=model)

    def _without_key(self, body: bytes) -> bytes:
        """A provider may repeat the key in what it says of it; that must not reach a log or Redis."""
        key = self._key.get_secret_value().encode()
        return body.replace(key, b"[redacted]") if len(key) >= SHORTEST_SECRET else body


def _pool(settings: OpenRouterSettings) -> httpx2.AsyncClient:
    verify: ssl.SSLContext | bool = True
    if settings.ca_file is not None:
        verify = ssl.create_default_context(cafile=settings.ca_file)
    headers: dict[str, Any] = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "X-Title": settings.app_name,
    }
    return httpx2.AsyncClient(
        headers=headers,
        verify=verify,
        proxy=None if settings.proxy_url is None else str(settings.proxy_url),
        trust_env=False,
        follow_redirects=False,
        limits=httpx2.Limits(
            max_connections=settings.max_connections,
            max_keepalive_connections=settings.max_connections,
            keepalive_expiry=KEEPALIVE_S,
        ),
    )
