"""Conditions as Kubernetes writes them: one per type, with the time at which its status changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MESSAGE_CHARS = 1024


@dataclass(frozen=True, slots=True)
class Condition:
    """What is the case; ``None`` is Unknown.

    Attributes:
        reason: CamelCase, stable, for programs.
        message: for people, with numbers.
    """

    type: str
    status: bool | None
    reason: str
    message: str = ""


def timestamp(at_s: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(
    conditions: Iterable[Condition],
    before: Sequence[Mapping[str, Any]],
    *,
    generation: int,
    now_s: float,
) -> list[dict[str, Any]]:
    """Conditions for a status; one whose status is as before keeps its time of change."""
    known = {one.get("type"): one for one in before}
    return [
        _shown(one, known.get(one.type, {}), generation=generation, now_s=now_s)
        for one in conditions
    ]


def _shown(
    one: Condition, before: Mapping[str, Any], *, generation: int, now_s: float
) -> dict[str, Any]:
    status = "Unknown" if one.status is None else str(one.status)
    same = before.get("status") == status
    since = before.get("lastTransitionTime") if same else None
    return {
        "type": one.type,
        "status": status,
        "reason": one.reason,
        "message": one.message[:MESSAGE_CHARS],
        "lastTransitionTime": since or timestamp(now_s),
        "observedGeneration": generation,
    }


def written(status: Mapping[str, Any]) -> dict[str, Any]:
    """A status as it is stored: fields without a value are left out, at every depth of mappings."""
    return {
        name: written(value) if isinstance(value, Mapping) else value
        for name, value in status.items()
        if value is not None
    }
