"""Waiting times and messages: whatever a provider says, within bounds and without secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.errors import Permanent, Retryable
from asynctaskflow_openrouter.faults import ErrorReply, clean, from_reply
from asynctaskflow_openrouter.retry_after import RetryAfterBounds, wait_s

BOUNDS = RetryAfterBounds(min_s=1, max_s=300, default_s=10)
NOW_MS = 1_700_000_000_000


def waited(headers, metadata=None):
    return wait_s(headers, metadata or {}, now_ms=NOW_MS, bounds=BOUNDS)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_header_gives_a_wait_within_bounds_or_none(retry_after, date, reset):
    seconds = waited({"retry-after": retry_after, "date": date, "x-ratelimit-reset": reset})

    assert seconds is None or BOUNDS.min_s <= seconds <= BOUNDS.max_s


@given(st.floats(allow_nan=True))
def test_any_number_gives_a_wait_within_bounds_or_none(number):
    seconds = waited({"retry-after": repr(number)})

    assert seconds is None or BOUNDS.min_s <= seconds <= BOUNDS.max_s


def test_a_date_is_measured_by_the_providers_own_clock():
    """Ours may be a year off."""
    headers = {
        "date": "Wed, 21 Oct 2015 07:28:00 GMT",
        "retry-after": "Wed, 21 Oct 2015 07:28:42 GMT",
    }

    assert waited(headers) == 42


def test_a_date_without_the_providers_clock_is_measured_by_ours():
    assert waited({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}) == 30


def test_a_reset_time_counts_where_retry_after_is_missing():
    assert waited({"x-ratelimit-reset": str(NOW_MS + 42_000)}) == 42
    assert waited({}, {"x-ratelimit-reset": str(NOW_MS + 42_000)}) == 42
    assert waited({"retry-after": "7", "x-ratelimit-reset": str(NOW_MS + 42_000)}) == 7


def test_a_reset_in_another_unit_is_not_guessed():
    assert waited({"x-ratelimit-reset": "42"}) is None


@given(
    st.integers(100, 599).filter(lambda status: status != 200),
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text(max_size=20)),
)
def test_any_refusal_is_a_bounded_one_line_error(status, body, headers):
    error = from_reply(ErrorReply(status, headers, body, NOW_MS), BOUNDS)

    assert type(error) in {Retryable, Permanent}
    assert len(str(error)) <= 300
    assert str(error).isprintable() or not any(ord(char) < 32 for char in str(error))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-123",
        "Incorrect key sk-or-v1-0123456789",
        "bearer  sk-abcdef99",
    ],
)
def test_a_message_holds_no_credential(text):
    assert "[redacted]" in clean(text)
    assert not {"abc.def-123", "sk-or-v1-0123456789", "sk-abcdef99"} & set(clean(text).split())


def test_a_message_is_one_line_whatever_it_was():
    assert clean("a\nb\x1b[31m\u2028c\x00d") == "a b [31m c d"
