"""What the provider says of a key and its account, and what follows from it. Pure.

``usage`` is money spent and never a balance; a key that has spent nothing is not exhausted.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from asynctaskflow.model.dependency import RateLimit
from asynctaskflow_openrouter.faults import bad_response

_INTERVAL = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*", re.IGNORECASE)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_INTERVAL_S = 86_400.0
BURST_SHARE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """One key. Amounts are credits, which are US dollars.

    Attributes:
        limit: most that the key may spend; ``None``: unlimited.
        limit_remaining: what is left of it.
        usage: spent since ever; ``usage_today`` and ``usage_month`` by UTC day and month.
        is_free_tier: the account has never bought credits.
        rate_limit: requests per interval, if the provider names any that it means.
    """

    usage: float
    limit: float | None = None
    limit_remaining: float | None = None
    usage_today: float | None = None
    usage_month: float | None = None
    is_free_tier: bool = False
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """The account behind the key, in US dollars."""

    total_credits: float
    total_usage: float

    @property
    def balance(self) -> float:
        """What is left; negative when more was spent than bought."""
        return self.total_credits - self.total_usage


class _Loose(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


_T = TypeVar("_T", bound=_Loose)


class _Key(_Loose):
    usage: float = 0.0
    limit: float | None = None
    limit_remaining: float | None = None
    usage_daily: float | None = None
    usage_monthly: float | None = None
    is_free_tier: bool = False
    rate_limit: Any = None


class _Credits(_Loose):
    total_credits: float
    total_usage: float


def read_key(body: dict[str, Any]) -> KeyInfo:
    """The answer of ``GET /key``.

    Raises:
        Retryable: ``bad_response``.
    """
    raw = _read(_Key, body)
    remaining = raw.limit_remaining
    if remaining is None and raw.limit is not None:
        remaining = raw.limit - raw.usage
    return KeyInfo(
        usage=raw.usage,
        limit=raw.limit,
        limit_remaining=remaining,
        usage_today=raw.usage_daily,
        usage_month=raw.usage_monthly,
        is_free_tier=raw.is_free_tier,
        rate_limit=read_rate_limit(raw.rate_limit),
    )


def read_credits(body: dict[str, Any]) -> Credits:
    """The answer of ``GET /credits``.

    Raises:
        Retryable: ``bad_response``.
    """
    raw = _read(_Credits, body)
    return Credits(raw.total_credits, raw.total_usage)


def read_rate_limit(raw: Any) -> RateLimit | None:
    """Requests per interval; ``None`` for none, for -1 (no limit), and for one its own note calls deprecated."""
    if not isinstance(raw, dict) or "deprecated" in str(raw.get("note", "")).lower():
        return None
    requests, interval_s = raw.get("requests"), interval_seconds(str(raw.get("interval", "")))
    if not isinstance(requests, int | float) or requests <= 0 or interval_s is None:
        return None
    return RateLimit(requests=requests, interval_seconds=interval_s)


def bucket_within(limit: RateLimit) -> RateLimit:
    """The bucket that no window of ``interval_seconds`` can take above the provider's own limit.

    A bucket lets ``capacity + requests`` pass in one window, so the two share what the provider allows: a sixth
    at once after a quiet time, the rest as a steady flow. A limit of one call passes one in two windows.
    """
    burst = max(1.0, limit.requests // BURST_SHARE)
    flow = limit.requests - burst
    return limit.model_copy(update={"requests": flow if flow > 0 else 0.5, "capacity": burst})


def interval_seconds(text: str) -> float | None:
    """``10s``, ``2m``, ``1h``, ``1d``, ``500ms``; ``None`` for anything else, and beyond a day."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    seconds = float(match[1]) * _UNIT_S[match[2].lower()]
    return seconds if 0 < seconds <= LONGEST_INTERVAL_S else None


def balance_of(key: KeyInfo, account: Credits | None) -> float | None:
    """What can still be spent: the smaller of the key's and the account's rest; ``None``: not known."""
    known = [key.limit_remaining, None if account is None else account.balance]
    return min((rest for rest in known if rest is not None), default=None)


def is_exhausted(key: KeyInfo, account: Credits | None) -> bool:
    """Whether calls would be refused; an account that never bought anything still has free models."""
    if key.limit_remaining is not None and key.limit_remaining <= 0:
        return True
    if account is None:
        return False
    return account.balance < 0 or (account.balance == 0 and not key.is_free_tier)


def _read(model: type[_T], body: dict[str, Any]) -> _T:
    try:
        return model.model_validate(body.get("data"))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise bad_response(f"account information has another schema at {where!r}") from error
