"""Reads how long a provider asks us to wait, and trusts the answer only within bounds. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryAfterBounds:
    """What a provider may ask for.

    Attributes:
        min_s: also taken for zero and for dates that have passed, so that no call loops hot.
        max_s: taken for more, so that one absurd answer does not stop work for years.
        default_s: taken when a 429 names no time, a negative one, or one that cannot be read.
    """

    min_s: float = 1.0
    max_s: float = 300.0
    default_s: float = 10.0


def wait_s(
    headers: Mapping[str, str],
    metadata_headers: Mapping[str, str],
    *,
    now_ms: int,
    bounds: RetryAfterBounds,
) -> float | None:
    """Seconds that the answer asks for, within bounds; ``None`` if it asks for nothing readable.

    Args:
        headers: of the response, names in lower case.
        metadata_headers: those which the error's metadata repeats, names in lower case.
        now_ms: our wall time; dates are measured against the response's ``Date`` if it has one, so that a
            wrong clock here does not matter.
    """
    server_ms = _date_ms(headers.get("date", ""))
    reference_ms = now_ms if server_ms is None else server_ms
    asked = _retry_after_s(headers.get("retry-after", ""), reference_ms)
    if asked is None:
        reset = headers.get("x-ratelimit-reset") or metadata_headers.get("x-ratelimit-reset", "")
        asked = _reset_s(reset, reference_ms)
    return None if asked is None else min(max(asked, bounds.min_s), bounds.max_s)


def _retry_after_s(value: str, reference_ms: float) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds if seconds >= 0 else None
    date_ms = _date_ms(value)
    return None if date_ms is None else (date_ms - reference_ms) / 1000


def _reset_s(value: str, reference_ms: float) -> float | None:
    """``X-RateLimit-Reset`` is a time in milliseconds since the epoch; other units are not guessed."""
    reset_ms = _number(value)
    if reset_ms is None or reset_ms < reference_ms / 2:
        return None
    return (reset_ms - reference_ms) / 1000


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _date_ms(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000
