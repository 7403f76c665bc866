"""Times as people read them: ages from the API's clock, durations, and ``--since`` expressions."""

import re
from datetime import UTC, datetime, timedelta

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
AGO = re.compile(r"(\d+)([smhd])")
AGE_STEPS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def parse(text: str | None) -> datetime | None:
    """An RFC 3339 time of the API; ``None`` if there is none."""
    return datetime.fromisoformat(text) if text else None


def age(text: str | None, *, now: datetime) -> str:
    """``5s``, ``3m``, ``2h``, ``4d``: how long ago; empty if never."""
    when = parse(text)
    return span((now - when).total_seconds()) if when else ""


def span(seconds: float) -> str:
    """A duration in its largest unit, below a minute with one decimal."""
    if seconds < 0:
        return "0s"
    if seconds < UNITS_S["m"]:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    size, unit = next((size, unit) for size, unit in AGE_STEPS if seconds >= size)
    return f"{seconds / size:.0f}{unit}"


def since(text: str, *, now: datetime) -> str:
    """``15m``, ``2h``, ``3d`` before now, or an RFC 3339 time, as RFC 3339 in UTC.

    Raises:
        ValueError: neither of them.
    """
    ago = AGO.fullmatch(text.strip())
    if ago:
        when = now - timedelta(seconds=int(ago[1]) * UNITS_S[ago[2]])
    else:
        when = datetime.fromisoformat(text)
        when = when.replace(tzinfo=when.tzinfo or UTC)
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
