"""The shapes of answers about dependencies, for the OpenAPI document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from asynctaskflow_api.schema import Model


class BreakerModel(Model):
    """A breaker, as calls meet it and as its own counts have it."""

    state: Literal["closed", "open", "half_open"] = Field(description="What calls meet.")
    status: str = Field(description="Its own state, whatever a person has said.")
    override: str
    since: datetime | None
    calls: int = Field(description="Of the window that ends now.")
    failures: int
    failure_ratio: float
    next_attempt_at: datetime | None
    probes_in_flight: int
    probes_succeeded: int


class LimiterModel(Model):
    """A token bucket; without a limit every number of it is 0."""

    limited: bool
    tokens: float
    requests: float = Field(description="Allowed in each interval.")
    interval_seconds: float
    capacity: float
    source: str
    sleeping_until: datetime | None
    waiting: int = Field(description="Calls in the line.")
    grants: int
    throttled: int


class TransitionModel(Model):
    """A breaker went from one state to another."""

    at: datetime
    from_: str = Field(alias="from")
    to: str
    reason: str


class CallDayModel(Model):
    """The calls of one day that were let through and ran."""

    date: str = Field(description="UTC, ISO 8601.")
    calls: int
    failed: int = Field(description="Calls that raised, whether or not it was the service's fault.")
    errors: dict[str, int] = Field(description="Error class to calls that ended with it.")


class DependencyModel(Model):
    """An external service: its breaker and limiter, shared by all workers."""

    name: str
    breaker: BreakerModel
    limiter: LimiterModel
    spec: dict[str, Any]
    now: datetime = Field(description="By Redis' clock.")
    transitions: list[TransitionModel] | None = Field(
        None, description="The breaker's last, newest first; only of one dependency."
    )
    days: list[CallDayModel] | None = Field(
        None, description="The last seven days with calls, newest first; only of one dependency."
    )


class DependencyList(Model):
    """All registered dependencies."""

    dependencies: list[DependencyModel]
