"""What everyone agrees on about an external service: the ``Dependency`` manifest."""

from typing import Literal

from pydantic import Field

from asynctaskflow.model.function import ApiVersion, Metadata, Spec


class BreakerPolicy(Spec):
    """When the circuit opens and how it closes again."""

    window_seconds: float = Field(60, gt=0, le=3600, description="Calls of this window are judged.")
    min_calls: int = Field(
        10, ge=1, le=10_000, description="Fewer calls in the window never open it."
    )
    failure_ratio: float = Field(
        0.5, gt=0, le=1, description="Share of failed calls that opens it."
    )
    open_seconds: float = Field(
        30, gt=0, le=86_400, description="Time without calls before probing."
    )
    half_open_probes: int = Field(
        1,
        ge=1,
        le=100,
        description="Calls let through while half-open, all workers together; all must succeed.",
    )
    permit_seconds: float = Field(
        120, gt=0, le=3600, description="A probe that has not reported by then is given to another."
    )


class RateLimit(Spec):
    """Requests that all workers together may send; ``capacity`` may pass at once after a quiet time."""

    requests: float = Field(gt=0, description="Requests per interval.")
    interval_seconds: float = Field(gt=0, le=86_400, description="Length of the interval.")
    capacity: float = Field(
        0,
        ge=0,
        description="Bucket size; 0: requests. A window of intervalSeconds passes at most "
        "capacity + requests.",
    )


class DependencySpec(Spec):
    """The ``spec`` of a ``Dependency``."""

    breaker: BreakerPolicy = Field(
        BreakerPolicy(), description="When the circuit opens and how it closes again."
    )
    rate_limit: RateLimit | None = Field(
        None, description="Absent: as the provider's API reports, or none."
    )
    max_wait_seconds: float = Field(
        10,
        ge=0,
        le=600,
        description="A call waits this long for tokens in its slot; longer: handed back.",
    )
    override: Literal["Auto", "ForceOpen", "ForceClosed"] = Field(
        "Auto",
        description="ForceOpen lets no call through, ForceClosed every one; Auto: as calls end.",
    )


class DependencyManifest(Spec):
    """A ``Dependency`` as a file."""

    api_version: ApiVersion
    kind: Literal["Dependency"]
    metadata: Metadata
    spec: DependencySpec
