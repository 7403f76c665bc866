"""Delays grow, are spread, and never undercut what the provider asked for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.resilience.backoff import (
    MAX_DELAY_S,
    exponential_bound_s,
    full_jitter_s,
    scheduled_bound_s,
    spread_s,
)

ROLLS = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(("failures", "bound_s"), [(1, 2), (2, 4), (3, 8), (4, 16), (9, 100)])
def test_the_bound_doubles_up_to_its_cap(failures, bound_s):
    assert exponential_bound_s(failures, initial_s=2, factor=2, max_s=100) == bound_s


def test_ten_thousand_failures_do_not_overflow():
    assert exponential_bound_s(10_000, initial_s=2, factor=10, max_s=600) == 600


@pytest.mark.parametrize(("failures", "bound_s"), [(1, 5), (2, 15), (3, 60), (4, 60), (99, 60)])
def test_the_last_entry_of_a_schedule_repeats(failures, bound_s):
    assert scheduled_bound_s(failures, [5, 15, 60]) == bound_s


@given(bound_s=st.floats(0, 1e6), floor_s=st.floats(0, 1e6), roll=ROLLS)
def test_a_delay_lies_between_the_floor_and_the_bound_above_it(bound_s, floor_s, roll):
    delay_s = full_jitter_s(bound_s=bound_s, floor_s=floor_s, roll=roll)

    assert min(floor_s, MAX_DELAY_S) <= delay_s <= floor_s + bound_s
    assert delay_s <= MAX_DELAY_S


@pytest.mark.parametrize("floor_s", [-7.0, math.nan, -math.inf])
def test_a_senseless_wish_of_the_provider_counts_as_none(floor_s):
    assert full_jitter_s(bound_s=10, floor_s=floor_s, roll=0.5) == 5


def test_an_absurd_wish_of_the_provider_is_cut_to_a_week():
    assert full_jitter_s(bound_s=10, floor_s=math.inf, roll=0.5) == 604_800


def test_full_jitter_uses_the_whole_range_down_to_nothing():
    assert full_jitter_s(bound_s=10, floor_s=0, roll=0) == 0


@given(wait_s=st.floats(0, 1e5), roll=ROLLS)
def test_a_spread_wait_is_never_shorter_and_at_most_a_tenth_longer(wait_s, roll):
    assert wait_s <= spread_s(wait_s, roll=roll) <= wait_s + max(0.05, 0.1 * wait_s)
