"""Whether a failed attempt is tried again, and when."""

import pytest

from asynctaskflow.errors import InputRejected, Permanent, Retryable, TaskError
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.resilience.retry import (
    DeadLetter,
    Fail,
    Failure,
    Kind,
    Retry,
    decide,
    failure_of,
)

POLICY = RetryPolicy(max_attempts=4, initial_seconds=2, factor=3, max_seconds=600)


def delay_s(error_class: str, *, failures: int, policy: RetryPolicy = POLICY, asked_s=0.0) -> float:
    """The upper bound of the delay."""
    failure = Failure(Kind.RETRYABLE, error_class, failures, max_attempts=99, delay_s=asked_s)
    outcome = decide(failure, policy, roll=1.0)
    assert isinstance(outcome, Retry)
    return outcome.delay_s


@pytest.mark.parametrize(("failures", "bound_s"), [(1, 2), (2, 6), (3, 18), (9, 600)])
def test_an_error_without_a_schedule_backs_off_exponentially(failures, bound_s):
    assert delay_s("retryable", failures=failures) == bound_s


def test_a_class_follows_the_schedule_of_the_manifest():
    policy = RetryPolicy(schedules={"timeout": [1, 7]})

    assert [delay_s("timeout", failures=n, policy=policy) for n in (1, 2, 3)] == [1, 7, 7]


def test_an_empty_account_is_asked_again_after_minutes_not_seconds():
    policy = RetryPolicy(max_seconds=3600)

    bounds = [delay_s("insufficient_credits", failures=n, policy=policy) for n in (1, 2, 3)]

    assert bounds == [300, 600, 1800]


def test_a_built_in_schedule_obeys_the_highest_delay_of_the_manifest():
    assert delay_s("insufficient_credits", failures=3, policy=RetryPolicy(max_seconds=1)) == 1


def test_the_delay_is_never_below_what_the_provider_asked_for():
    failure = Failure(Kind.RETRYABLE, "rate_limited", failures=1, delay_s=40)

    outcome = decide(failure, POLICY, roll=0)

    assert isinstance(outcome, Retry)
    assert outcome.delay_s == 40


def test_tasks_that_were_told_the_same_time_do_not_come_back_together():
    assert delay_s("rate_limited", failures=1, asked_s=40) == 40 + 15


def test_full_jitter_may_retry_at_once():
    assert decide(Failure(Kind.RETRYABLE, "error", 1), POLICY, roll=0) == Retry(
        0, "failure 1 of 4: backoff, bound 2 s"
    )


def test_the_last_allowed_failure_goes_to_the_dead_letter_queue():
    failure = Failure(Kind.RETRYABLE, "timeout", failures=4)

    assert decide(failure, POLICY, roll=0) == DeadLetter(
        "retries exhausted: 4 of 4 attempts failed"
    )


def test_one_failure_fewer_is_tried_again():
    assert isinstance(decide(Failure(Kind.RETRYABLE, "timeout", 3), POLICY, roll=0), Retry)


def test_the_tasks_own_limit_is_stronger_than_the_functions():
    failure = Failure(Kind.RETRYABLE, "timeout", failures=1, max_attempts=1)

    assert isinstance(decide(failure, POLICY, roll=0), DeadLetter)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InputRejected("not a PDF"), Fail("input rejected: input_rejected")),
        (Permanent("no such model", error_class="request_rejected"),
         DeadLetter("permanent error: request_rejected")),
    ],
)  # fmt: skip
def test_a_hopeless_error_is_not_tried_again(error, outcome):
    assert decide(failure_of(error, failures=0), POLICY, roll=0.5) == outcome


def test_the_facts_of_an_error_count_its_own_failure_in():
    error = Retryable("busy", delay_s=3, error_class="unavailable")

    assert failure_of(error, failures=2, max_attempts=5) == Failure(
        Kind.RETRYABLE, "unavailable", failures=3, max_attempts=5, delay_s=3
    )


def test_a_task_error_that_says_nothing_more_is_retryable():
    assert failure_of(TaskError("?"), failures=0) == Failure(Kind.RETRYABLE, "error", 1)
