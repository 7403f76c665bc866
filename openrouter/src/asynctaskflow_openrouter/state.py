"""What is known of the service, as values, and what a finding or a call says of it. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from asynctaskflow.errors import TaskError
from asynctaskflow.model.dependency import RateLimit
from asynctaskflow_openrouter.account import Credits, KeyInfo, balance_of, is_exhausted
from asynctaskflow_openrouter.faults import Fault, clean


class ServiceState(StrEnum):
    """One word for the service as a whole; the seed's names."""

    ACTIVE = "active"
    API_KEY_MISSING = "api_key_missing"
    API_KEY_INVALID = "api_key_invalid"
    CREDITS_EXHAUSTED = "credits_exhausted"
    RATE_LIMITED = "rate_limited"
    SERVICE_UNAVAILABLE = "service_unavailable"
    ERROR = "error"


MESSAGES: Mapping[ServiceState, str] = {
    ServiceState.ACTIVE: "The service is active.",
    ServiceState.API_KEY_MISSING: "No API key is configured; the offline provider answers.",
    ServiceState.API_KEY_INVALID: "The provider rejects the API key.",
    ServiceState.CREDITS_EXHAUSTED: "The key or its account has no credits left.",
    ServiceState.RATE_LIMITED: "The provider asked for a pause.",
    ServiceState.SERVICE_UNAVAILABLE: "The provider does not answer.",
    ServiceState.ERROR: "The provider answers in a way that cannot be used.",
}

STATE_OF_FAULT: Mapping[str, ServiceState] = {
    Fault.RATE_LIMITED: ServiceState.RATE_LIMITED,
    Fault.INSUFFICIENT_CREDITS: ServiceState.CREDITS_EXHAUSTED,
    Fault.CREDENTIAL_REJECTED: ServiceState.API_KEY_INVALID,
    Fault.TIMEOUT: ServiceState.SERVICE_UNAVAILABLE,
    Fault.UNAVAILABLE: ServiceState.SERVICE_UNAVAILABLE,
    Fault.NETWORK: ServiceState.SERVICE_UNAVAILABLE,
    Fault.BAD_RESPONSE: ServiceState.ERROR,
}
"""Classes that are not here blame the one request and say nothing of the service."""

BLOCKING = frozenset({ServiceState.API_KEY_INVALID, ServiceState.CREDITS_EXHAUSTED})
"""States in which every call would fail until a person acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """What is known, and how old it is. Times are milliseconds by Redis' clock.

    Attributes:
        balance: what can still be spent in US dollars; ``None``: unlimited or not known.
        consecutive_failures: calls or checks, whichever failed more often in a row.
        credential: fingerprint of the key that this was learned with.
        now_ms: when it was read.
        cache_hit: no request to the provider was made for this answer.
    """

    state: ServiceState
    message: str
    now_ms: int
    balance: float | None = None
    usage_today: float | None = None
    usage_month: float | None = None
    last_check_ms: int | None = None
    last_call_ms: int | None = None
    last_success_ms: int | None = None
    rate_limit_reset_ms: int | None = None
    error_details: str | None = None
    consecutive_failures: int = 0
    credential: str | None = None
    cache_hit: bool = True

    @property
    def check_age_ms(self) -> float:
        """Since the last check; infinite if there was none."""
        return _age(self.now_ms, self.last_check_ms)

    @property
    def age_ms(self) -> float:
        """Since anything was learned, by check or call."""
        return min(self.check_age_ms, _age(self.now_ms, self.last_call_ms))

    @property
    def confirmed(self) -> bool:
        """Whether a check has looked since the last call."""
        return self.check_age_ms <= _age(self.now_ms, self.last_call_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        fields: of the state hash, and ``credits`` of the credits hash; only what is known.
        rate_limit: requests per interval, if the provider reports them.
        pause_s: sleep that a 429 asked for.
    """

    state: ServiceState
    fields: Mapping[str, str] = field(default_factory=dict)
    credits: Mapping[str, str] = field(default_factory=dict)
    rate_limit: RateLimit | None = None
    pause_s: float = 0.0


def finding_of_account(key: KeyInfo | None, account: Credits | None) -> Finding:
    """What the provider's own words say; a server without a key endpoint has at least answered."""
    if key is None:
        message = "The provider answers; it does not report credits."
        return Finding(state=ServiceState.ACTIVE, fields={"message": message})
    exhausted = is_exhausted(key, account)
    state = ServiceState.CREDITS_EXHAUSTED if exhausted else ServiceState.ACTIVE
    balance = balance_of(key, account)
    amounts = {"balance": balance, "usage_today": key.usage_today, "usage_month": key.usage_month}
    bought = {
        "balance": balance,
        "usage": key.usage,
        "limit": key.limit,
        "limit_remaining": key.limit_remaining,
        "total_credits": None if account is None else account.total_credits,
        "total_usage": None if account is None else account.total_usage,
    }
    return Finding(
        state=state,
        fields={"message": MESSAGES[state], **_known(amounts)},
        credits=_known(bought),
        rate_limit=key.rate_limit,
    )


def finding_of_error(error: TaskError) -> Finding:
    """What a failed check says."""
    state = STATE_OF_FAULT.get(error.error_class, ServiceState.ERROR)
    delay_s = getattr(error, "delay_s", None) or 0.0
    return Finding(
        state=state,
        fields={"message": MESSAGES[state], "error_details": clean(str(error))},
        pause_s=delay_s if state is ServiceState.RATE_LIMITED else 0.0,
    )


def status_of_fields(fields: Mapping[str, str], *, now_ms: int) -> ServiceStatus | None:
    """The state hash as a value; ``None`` if it says nothing yet."""
    if fields.get("state") not in set(ServiceState):
        return None
    state = ServiceState(fields["state"])
    return ServiceStatus(
        state=state,
        message=fields.get("message") or MESSAGES[state],
        now_ms=now_ms,
        balance=_float(fields.get("balance")),
        usage_today=_float(fields.get("usage_today")),
        usage_month=_float(fields.get("usage_month")),
        last_check_ms=_int(fields.get("last_check")),
        last_call_ms=_int(fields.get("last_api_call")),
        last_success_ms=_int(fields.get("last_success")),
        rate_limit_reset_ms=_int(fields.get("rate_limit_reset")),
        error_details=fields.get("error_details"),
        consecutive_failures=max(
            _int(fields.get("consecutive_failures")) or 0, _int(fields.get("check_failures")) or 0
        ),
        credential=fields.get("credential"),
    )


def _age(now_ms: int, then_ms: int | None) -> float:
    return float("inf") if then_ms is None else max(0, now_ms - then_ms)


def _known(amounts: Mapping[str, float | None]) -> dict[str, str]:
    return {name: repr(amount) for name, amount in amounts.items() if amount is not None}


def _float(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _int(text: str | None) -> int | None:
    number = _float(text)
    return None if number is None else int(number)
