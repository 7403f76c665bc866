"""Reads the intervals in which providers and people state limits: ``10s``, ``2m``, ``1h``, ``500ms``. Pure."""

import re

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
MAX_INTERVAL_S = 31_536_000.0

_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)?", re.ASCII)


def parse_interval_s(text: str) -> float:
    """Seconds; a number without a unit is seconds.

    Raises:
        ValueError: not an interval, zero, or longer than a year.
    """
    found = _PART.fullmatch(text.strip().lower())
    seconds = float(found[1]) * UNITS_S[found[2] or "s"] if found else 0.0
    if not 0 < seconds <= MAX_INTERVAL_S:
        raise ValueError(f"interval: expected such as 500ms, 10s, 2m or 1h, got {text[:40]!r}")
    return seconds
