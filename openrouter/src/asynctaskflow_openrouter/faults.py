"""Turns everything that can go wrong with the API into the two questions of `asynctaskflow.errors`.

The whole translation is this table; each row is a test against the simulator over a real socket.

| What came | Raised | error_class | Breaker counts it | delay_s |
|---|---|---|---|---|
| 401 | Permanent | credential_rejected | no | |
| 403 | Permanent | credential_rejected | no | |
| 403 that names flagged input | Permanent | moderated | no | |
| 403 that names an exceeded limit of the key | Retryable | insufficient_credits | no | Retry-After |
| 402 | Retryable | insufficient_credits | no | Retry-After |
| 429 | Retryable | rate_limited | no | Retry-After, else X-RateLimit-Reset, else a default |
| 408, 504, 524 | Retryable | timeout | yes | Retry-After |
| other 5xx | Retryable | unavailable | yes | Retry-After |
| other 4xx | Permanent | request_rejected | no | |
| 1xx, 3xx, 2xx other than 200 | Retryable | bad_response | yes | |
| no connection, first byte, next byte or end in time | Retryable | timeout | yes | |
| no free connection of our own pool in time | Retryable | timeout | no | |
| refused, DNS, TLS, reset, closed before the headers | Retryable | network | yes | |
| 200 with HTML, broken JSON, another schema, another charset | Retryable | bad_response | yes | |
| 200 with an error object, whatever its code | Retryable | bad_response | yes | |
| 200 without choices or without text | Retryable | bad_response | yes | |
| 200 whose text a content filter withheld | Permanent | moderated | no | |
| body cut short, broken gzip, larger than the bound | Retryable | bad_response | yes | |

An error inside HTTP 200 counts even when it carries the code 429: the API had let the call in, it is
the model's own host that gave up. Pure: it reads no clock; what it needs to know is passed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx2
import orjson

from asynctaskflow.errors import Permanent, Retryable, TaskError
from asynctaskflow_openrouter.retry_after import RetryAfterBounds, wait_s

MESSAGE_MAX_CHARS = 300

UNAUTHORIZED, PAYMENT_REQUIRED, FORBIDDEN, TOO_MANY = 401, 402, 403, 429
TIMEOUT_STATUSES = frozenset({408, 504, 524})
SERVER_ERRORS = range(500, 600)
CLIENT_ERRORS = range(400, 500)

_KEY_LIMIT = re.compile(r"(key|credit|spend\w*|budget) limit", re.IGNORECASE)
_SECRET = re.compile(r"(?i)\b(?:bearer\s+\S+|sk-[\w-]{6,})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Fault(StrEnum):
    """The error classes of this package: they group, filter, and pick a retry schedule."""

    RATE_LIMITED = "rate_limited"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    CREDENTIAL_REJECTED = "credential_rejected"
    MODERATED = "moderated"
    REQUEST_REJECTED = "request_rejected"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    NETWORK = "network"
    BAD_RESPONSE = "bad_response"


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An answer other than 200.

    Attributes:
        headers: names in lower case.
        body: the start of it; empty when it could not be read.
        now_ms: wall time at arrival, for dates in headers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    now_ms: int


def from_reply(reply: ErrorReply, bounds: RetryAfterBounds) -> TaskError:
    """The error that an answer other than 200 stands for."""
    details = _error_object(reply.body)
    text = f"HTTP {reply.status}: {_message(details) or 'no message'}"
    wait = wait_s(reply.headers, _metadata_headers(details), now_ms=reply.now_ms, bounds=bounds)
    if reply.status in CLIENT_ERRORS and reply.status not in TIMEOUT_STATUSES:
        return _from_client_error(reply.status, text, details, wait, bounds)
    if reply.status in TIMEOUT_STATUSES:
        return _provider_fault(text, Fault.TIMEOUT, wait)
    if reply.status in SERVER_ERRORS:
        return _provider_fault(text, Fault.UNAVAILABLE, wait)
    return bad_response(f"unexpected {text}")


def _from_client_error(
    status: int,
    text: str,
    details: Mapping[str, Any],
    wait: float | None,
    bounds: RetryAfterBounds,
) -> TaskError:
    if status == TOO_MANY:
        delay_s = bounds.default_s if wait is None else wait
        return Retryable(text, delay_s=delay_s, error_class=Fault.RATE_LIMITED)
    if status == PAYMENT_REQUIRED or (status == FORBIDDEN and _KEY_LIMIT.search(text)):
        return Retryable(text, delay_s=wait, error_class=Fault.INSUFFICIENT_CREDITS)
    if status == FORBIDDEN and _names_flagged_input(details):
        return Permanent(text, error_class=Fault.MODERATED)
    if status in {UNAUTHORIZED, FORBIDDEN}:
        return Permanent(text, error_class=Fault.CREDENTIAL_REJECTED)
    return Permanent(text, error_class=Fault.REQUEST_REJECTED)


def from_transport(error: httpx2.HTTPError) -> Retryable:
    """The error that a failure before the response's headers stands for."""
    text = f"{type(error).__name__}: {error}"
    match error:
        case httpx2.PoolTimeout():
            return Retryable(clean(text), error_class=Fault.TIMEOUT)
        case httpx2.TimeoutException():
            return _provider_fault(text, Fault.TIMEOUT)
        case _:
            return _provider_fault(text, Fault.NETWORK)


def from_body(error: httpx2.HTTPError) -> Retryable:
    """The error that a failure inside the response's body stands for."""
    match error:
        case httpx2.RemoteProtocolError():
            return bad_response(f"body cut short: {error}")
        case httpx2.DecodingError():
            return bad_response(f"body does not decompress: {error}")
        case _:
            return from_transport(error)


def from_error_object(details: Any) -> Retryable:
    """The error that an error object inside an answer of 200 stands for."""
    code = details.get("code", "none") if isinstance(details, Mapping) else "none"
    message = _message(details) if isinstance(details, Mapping) else str(details)
    return bad_response(f"error {code} inside HTTP 200: {message}")


def timed_out(waited_for: str, limit_s: float) -> Retryable:
    """A deadline of ours has passed."""
    return _provider_fault(f"no {waited_for} within {limit_s:g} s", Fault.TIMEOUT)


def bad_response(text: str) -> Retryable:
    """The provider answered with something that is no answer."""
    return _provider_fault(text, Fault.BAD_RESPONSE)


def clean(text: str) -> str:
    """One bounded line without credentials, fit for logs, Redis and results."""
    return _SECRET.sub("[redacted]", _CONTROL.sub(" ", text))[:MESSAGE_MAX_CHARS]


def _provider_fault(text: str, fault: Fault, wait: float | None = None) -> Retryable:
    return Retryable(clean(text), delay_s=wait, error_class=fault, provider_fault=True)


def _error_object(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {"message": body.decode(errors="replace")}
    details = parsed.get("error") if isinstance(parsed, dict) else None
    return details if isinstance(details, dict) else {"message": str(details or "")}


def _message(details: Mapping[str, Any]) -> str:
    return clean(str(details.get("message") or ""))


def _metadata(details: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = details.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _names_flagged_input(details: Mapping[str, Any]) -> bool:
    return bool(_metadata(details).keys() & {"reasons", "flagged_input"})


def _metadata_headers(details: Mapping[str, Any]) -> Mapping[str, str]:
    """The API repeats the upstream's rate-limit headers inside the error's metadata."""
    headers = _metadata(details).get("headers")
    if not isinstance(headers, dict):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}
