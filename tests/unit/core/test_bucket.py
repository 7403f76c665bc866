"""A token bucket that never grants more than it promises, and wastes little of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.resilience.bucket import Bucket, Limit, Waiting, resize, sleep, take

T0 = 1_800_000_000_000
LONG = 10**9
LIMIT = Limit(requests=10, interval_ms=1_000, bucket_size=5)


def ask(bucket, nonce="a", *, now_ms=T0, tokens=1, limit=LIMIT, longest_ms=LONG):
    caller = Waiting(0, nonce, tokens)
    return take(bucket, limit, caller, longest_ms=longest_ms, now_ms=now_ms)


def drained(limit=LIMIT, now_ms=T0):
    bucket = Bucket()
    for number in range(int(limit.capacity)):
        bucket, answer = ask(bucket, f"first-{number}", limit=limit, now_ms=now_ms)
        assert answer.granted
    return bucket


def test_a_new_bucket_is_full_and_not_fuller():
    assert not ask(drained())[1].granted


def test_who_finds_it_empty_is_told_when_its_token_will_be_there():
    assert ask(drained())[1].wait_ms == 100


def test_those_who_wait_are_told_different_times():
    bucket, waits_ms = drained(), []
    for nonce in "abcd":
        bucket, answer = ask(bucket, nonce)
        waits_ms.append(answer.wait_ms)

    assert waits_ms == [100, 200, 300, 400]


def test_who_comes_back_at_its_turn_is_granted():
    bucket, first = ask(drained(), "a")

    assert ask(bucket, "a", now_ms=T0 + first.wait_ms)[1].granted


def test_a_newcomer_does_not_take_what_another_waits_for():
    bucket, _ = ask(drained(), "a")

    bucket, newcomer = ask(bucket, "b", now_ms=T0 + 100)

    assert not newcomer.granted
    assert ask(bucket, "a", now_ms=T0 + 100)[1].granted


def test_a_waiter_that_died_loses_its_place_soon_after_its_turn():
    bucket, _ = ask(drained(), "dead")

    assert ask(bucket, "b", now_ms=T0 + 1_200)[1].granted


def test_many_small_calls_do_not_starve_a_large_one():
    bucket, _ = ask(drained(), "large", tokens=4)
    bucket, _ = ask(bucket, "small", now_ms=T0 + 10)

    assert not ask(bucket, "small", now_ms=T0 + 390)[1].granted
    assert ask(bucket, "large", tokens=4, now_ms=T0 + 400)[1].granted


def test_a_full_bucket_serves_whoever_waited_though_the_dead_stand_before_it():
    bucket = drained()
    for nonce in ["dead-1", "dead-2", "dead-3", "dead-4", "dead-5", "alive"]:
        bucket, _ = ask(bucket, nonce)

    assert ask(bucket, "alive", now_ms=T0 + 501)[1].granted


def test_a_wait_that_does_not_fit_takes_neither_token_nor_place():
    bucket, answer = ask(drained(), longest_ms=99)

    assert (answer.granted, answer.fits, answer.wait_ms, bucket.line) == (False, False, 100, ())


def test_who_cannot_wait_any_more_leaves_the_line():
    bucket, _ = ask(drained())

    assert ask(bucket, longest_ms=0)[0].line == ()


def test_a_call_larger_than_the_bucket_waits_for_a_full_one_and_leaves_a_debt():
    bucket, answer = ask(Bucket(), tokens=8)

    assert answer.granted
    assert ask(bucket, "b")[1].wait_ms == 400


def test_a_limit_below_one_request_still_grants_one_at_a_time():
    limit = Limit(requests=0.5, interval_ms=1_000)
    bucket, first = ask(Bucket(), limit=limit)

    assert first.granted
    assert ask(bucket, "b", limit=limit)[1].wait_ms == 2_000


def test_without_a_limit_everything_is_granted():
    assert ask(Bucket(), limit=None)[1].granted


@pytest.mark.parametrize("limit", [LIMIT, None])
def test_a_sleeping_bucket_grants_nobody_anything(limit):
    bucket = sleep(Bucket(), limit, for_ms=7_000, now_ms=T0)

    assert not ask(bucket, limit=limit, now_ms=T0 + 6_999)[1].granted


def test_after_the_sleep_it_starts_from_an_empty_bucket():
    bucket = sleep(Bucket(), LIMIT, for_ms=7_000, now_ms=T0)

    bucket, answer = ask(bucket, now_ms=T0 + 7_000)

    assert (answer.granted, answer.wait_ms) == (False, 100)


def test_a_shorter_sleep_does_not_end_a_longer_one():
    bucket = sleep(Bucket(), LIMIT, for_ms=7_000, now_ms=T0)

    assert sleep(bucket, LIMIT, for_ms=10, now_ms=T0) == bucket


def test_a_new_limit_keeps_what_was_saved_up_and_adds_nothing():
    bucket, _ = ask(Bucket())

    assert resize(bucket, LIMIT, replace(LIMIT, bucket_size=50), now_ms=T0).tokens == 4
    assert resize(bucket, LIMIT, replace(LIMIT, bucket_size=2), now_ms=T0).tokens == 2
    assert resize(bucket, LIMIT, None, now_ms=T0).tokens is None


def test_a_new_limit_counts_the_time_before_it_at_the_old_rate():
    faster = replace(LIMIT, requests=1_000)

    assert resize(drained(), LIMIT, faster, now_ms=T0 + 100).tokens == 1


@pytest.mark.parametrize("back_ms", [1, 60_000, 86_400_000])
def test_a_clock_that_steps_back_frees_no_token(back_ms):
    bucket, answer = ask(drained(), now_ms=T0 - back_ms)

    assert bucket.tokens == 0
    assert answer.wait_ms == 100


@pytest.mark.parametrize("back_ms", [60_000, 86_400_000])
def test_a_clock_that_steps_back_makes_a_sleep_neither_shorter_nor_longer_than_it_was_meant(
    back_ms,
):
    bucket = sleep(Bucket(), LIMIT, for_ms=7_000, now_ms=T0)

    bucket, answer = ask(bucket, now_ms=T0 - back_ms)

    assert answer.wait_ms == 7_100
    assert ask(bucket, now_ms=T0 - back_ms + 7_100)[1].granted


@given(
    limit=st.builds(
        Limit,
        requests=st.floats(0.1, 50),
        interval_ms=st.integers(10, 5_000),
        bucket_size=st.floats(0, 20),
    ),
    steps=st.lists(st.tuples(st.integers(0, 900), st.sampled_from("abcdefgh")), max_size=150),
)
def test_no_window_ever_sees_more_than_capacity_and_rate_allow(limit, steps):
    bucket, now_ms, grants_ms = Bucket(), T0, []
    for pause_ms, nonce in steps:
        now_ms += pause_ms
        bucket, answer = ask(bucket, nonce, limit=limit, now_ms=now_ms)
        if answer.granted:
            grants_ms.append(now_ms)

    for first, start_ms in enumerate(grants_ms):
        for last in range(first, len(grants_ms)):
            span_ms = grants_ms[last] - start_ms
            bound = limit.capacity + limit.requests * span_ms / limit.interval_ms
            assert last - first + 1 <= bound + 1e-6
