"""What follows from the provider's words about a key: balance is not usage, and limits are read with units."""

import pytest

from asynctaskflow.errors import Retryable
from asynctaskflow.model.dependency import RateLimit
from asynctaskflow_openrouter.account import (
    Credits,
    KeyInfo,
    balance_of,
    bucket_within,
    interval_seconds,
    is_exhausted,
    read_credits,
    read_key,
    read_rate_limit,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("2m", 120),
        ("1h", 3600),
        ("1d", 86_400),
        ("500ms", 0.5),
        ("1.5m", 90),
        (" 10 S ", 10),
        ("2d", None),
        ("0s", None),
        ("10", None),
        ("s", None),
        ("-1s", None),
        ("10s or so", None),
        ("", None),
    ],
)
def test_an_interval_is_read_with_its_unit(text, seconds):
    """The seed read "2m" as two seconds."""
    assert interval_seconds(text) == seconds


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "230/10s",
        {"requests": -1, "interval": "10s"},
        {"requests": 0, "interval": "10s"},
        {"requests": "many", "interval": "10s"},
        {"requests": 10},
        {
            "requests": 1000,
            "interval": "1h",
            "note": "This field is deprecated and safe to ignore.",
        },
    ],
)
def test_a_limit_that_is_none_is_not_reported(raw):
    assert read_rate_limit(raw) is None


def test_a_limit_is_read_as_requests_per_interval():
    limit = read_rate_limit({"requests": 230, "interval": "10s"})

    assert limit == RateLimit(requests=230, interval_seconds=10)


@pytest.mark.parametrize("allowed", [1, 2, 3, 6, 20, 60, 230, 1000])
def test_no_window_of_the_bucket_passes_more_than_the_provider_allows(allowed):
    bucket = bucket_within(RateLimit(requests=allowed, interval_seconds=10))

    assert int(bucket.capacity + bucket.requests) <= allowed
    assert bucket.capacity >= 1
    assert bucket.interval_seconds == 10


def test_a_key_is_read_with_what_it_does_not_say_left_open():
    key = read_key({"data": {"label": "x", "usage": 1.5, "limit": None, "new_field": {}}})

    assert (key.usage, key.limit, key.limit_remaining, key.usage_today) == (1.5, None, None, None)


def test_the_rest_of_a_key_limit_is_reckoned_where_it_is_not_said():
    assert read_key({"data": {"usage": 1.5, "limit": 5}}).limit_remaining == 3.5


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": {"usage": "much"}}])
def test_another_schema_of_a_key_is_a_bad_response(body):
    with pytest.raises(Retryable) as caught:
        read_key(body)

    assert (caught.value.error_class, caught.value.provider_fault) == ("bad_response", True)


def test_credits_without_their_fields_are_a_bad_response():
    with pytest.raises(Retryable):
        read_credits({"data": {"total_credits": 1}})


@pytest.mark.parametrize(
    ("key", "account", "balance", "exhausted"),
    [
        (KeyInfo(usage=0), None, None, False),
        (KeyInfo(usage=0), Credits(10, 0), 10, False),
        (KeyInfo(usage=9), Credits(10, 10), 0, True),
        (KeyInfo(usage=0, is_free_tier=True), Credits(0, 0), 0, False),
        (KeyInfo(usage=0, is_free_tier=True), Credits(0, 0.1), -0.1, True),
        (KeyInfo(usage=5, limit=5, limit_remaining=0), Credits(10, 5), 0, True),
        (KeyInfo(usage=1, limit=5, limit_remaining=4), Credits(3, 1), 2, False),
    ],
)
def test_the_balance_is_the_smaller_rest_and_a_new_account_is_not_exhausted(
    key, account, balance, exhausted
):
    assert balance_of(key, account) == balance
    assert is_exhausted(key, account) is exhausted
