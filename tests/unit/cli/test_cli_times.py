"""Times as people write and read them."""

from datetime import UTC, datetime

import pytest

from asynctaskflow_cli import times

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0, "0.0s"),
        (1.26, "1.3s"),
        (42, "42s"),
        (60, "1m"),
        (7300, "2h"),
        (200_000, "2d"),
    ],
)
def test_a_duration_is_shown_in_its_largest_unit(seconds: float, text: str) -> None:
    assert times.span(seconds) == text


def test_an_age_is_counted_from_now() -> None:
    assert times.age("2026-11-23T11:57:00+00:00", now=NOON) == "3m"
    assert times.age(None, now=NOON) == ""


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", "2026-11-23T11:58:30Z"),
        ("15m", "2026-11-23T11:45:00Z"),
        ("2h", "2026-11-23T10:00:00Z"),
        ("3d", "2026-11-20T12:00:00Z"),
        ("2026-11-23T08:00:00+02:00", "2026-11-23T06:00:00Z"),
        ("2026-11-23", "2026-11-23T00:00:00Z"),
    ],
)
def test_since_is_an_age_or_a_time(text: str, time: str) -> None:
    assert times.since(text, now=NOON) == time


def test_anything_else_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        times.since("yesterday", now=NOON)
