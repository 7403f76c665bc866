"""Warm windows: when a cron expression last matched, in UTC."""

from datetime import UTC, datetime

import pytest

from asynctaskflow.scaling.cron import Cron

DAY_S = 86_400.0


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "now", "last"),
    [
        ("* * * * *", "2026-11-23T12:34:56", "2026-11-23T12:34:00"),
        ("0 8 * * *", "2026-11-23T12:00:00", "2026-11-23T08:00:00"),
        ("0 8 * * *", "2026-11-23T07:59:59", "2026-11-22T08:00:00"),
        ("*/15 * * * *", "2026-11-23T12:44:00", "2026-11-23T12:30:00"),
        ("5/20 * * * *", "2026-11-23T12:44:00", "2026-11-23T12:25:00"),
        ("0 9-17/4 * * mon-fri", "2026-11-23T16:00:00", "2026-11-23T13:00:00"),
        ("30 23 * * 0", "2026-11-23T12:00:00", "2026-11-22T23:30:00"),
        ("30 23 * * 7", "2026-11-23T12:00:00", "2026-11-22T23:30:00"),
        ("0 0 1 dec *", "2026-12-01T10:00:00", "2026-12-01T00:00:00"),
        ("0 6 13 * mon", "2026-11-23T12:00:00", "2026-11-23T06:00:00"),
        ("0 6,7 23 * *", "2026-11-23T12:00:00", "2026-11-23T07:00:00"),
    ],
)
def test_the_last_match_is_found(expression: str, now: str, last: str) -> None:
    found = Cron.parse(expression).last_match_s(now_s=epoch(now), within_s=DAY_S)
    assert found == epoch(last)


@pytest.mark.parametrize(
    ("expression", "now"),
    [
        ("0 8 * * *", "2026-11-23T09:00:01"),
        ("0 8 * jan *", "2026-11-23T08:00:01"),
        ("0 8 * * tue", "2026-11-23T08:00:01"),
        ("0 8 24 * *", "2026-11-23T08:00:01"),
    ],
)
def test_a_match_out_of_reach_is_none(expression: str, now: str) -> None:
    assert Cron.parse(expression).last_match_s(now_s=epoch(now), within_s=3600) is None


def test_a_window_over_midnight_is_open_after_it() -> None:
    cron = Cron.parse("0 22 * * *")
    assert cron.last_match_s(now_s=epoch("2026-11-23T03:00:00"), within_s=6 * 3600) is not None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("* * * *", "expected 5 fields, got 4"),
        ("61 * * * *", "minute: 61 is not in 0..59"),
        ("* x * * *", "hour: 'x' is not a number"),
        ("* * 0 * *", "day of month: 0 is not in 1..31"),
        ("* * * 3-1 *", "month: '3-1' is empty"),
        ("*/0 * * * *", "minute: '\\*/0' is empty"),
        ("* * * * ¹", "day of week: '¹' is not a number"),
    ],
)
def test_a_bad_expression_names_its_field(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cron.parse(expression)
