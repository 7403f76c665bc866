"""Who may act when two operators run: the reading of a Lease, as client-go does it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any


class Stand(Enum):
    """What a candidate does next."""

    LEAD = "lead"
    TAKE = "take"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Observed:
    """A Lease as it was seen, and since when (monotonic seconds) it has looked like this.

    Expiry is measured by how long the observer has seen no renewal: clocks of two nodes need not agree.
    """

    holder: str
    renewed: str
    version: str
    since_s: float


def observed(lease: dict[str, Any], before: Observed | None, *, now_s: float) -> Observed:
    """What a Lease says; the time of a renewal that was seen before is kept."""
    spec = lease.get("spec") or {}
    seen = Observed(
        holder=spec.get("holderIdentity") or "",
        renewed=str(spec.get("renewTime") or ""),
        version=lease["metadata"]["resourceVersion"],
        since_s=now_s,
    )
    same = before and (before.holder, before.renewed) == (seen.holder, seen.renewed)
    return (
        Observed(seen.holder, seen.renewed, seen.version, before.since_s)
        if before and same
        else seen
    )


def stand(lease: Observed, *, me: str, lease_s: float, now_s: float) -> Stand:
    """Lead if it is mine, take it if nobody renews it, else wait."""
    if lease.holder == me:
        return Stand.LEAD
    if not lease.holder or now_s - lease.since_s >= lease_s:
        return Stand.TAKE
    return Stand.WAIT


def claim(*, me: str, lease_s: float, wall_s: float) -> dict[str, Any]:
    """The spec that says that I hold the Lease now."""
    now = datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"holderIdentity": me, "leaseDurationSeconds": max(1, round(lease_s)), "renewTime": now}
