"""Intervals as providers write them."""

import pytest

from asynctaskflow.resilience.interval import parse_interval_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("2m", 120), ("1h", 3600), ("500ms", 0.5), ("1d", 86_400), ("10", 10),
     ("0.5s", 0.5), (" 10S ", 10)],
)  # fmt: skip
def test_an_interval_is_read_with_its_unit(text, seconds):
    assert parse_interval_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "-1s", "0s", "10 s", "1w", "1e9s", "10s5", "nan", "9" * 50, "999999999d", "1٣s"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="expected such as 500ms"):
        parse_interval_s(text)
