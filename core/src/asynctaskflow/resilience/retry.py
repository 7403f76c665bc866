"""Whether and when a failed attempt is tried again. Pure: randomness is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from asynctaskflow.errors import InputRejected, Permanent, Retryable, TaskError
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.resilience.backoff import exponential_bound_s, full_jitter_s, scheduled_bound_s

# Upper bounds of the delays in seconds, for classes that a manifest does not name: an account that is
# empty stays so for minutes, a provider that restarts is back in seconds.
DEFAULT_SCHEDULES: Mapping[str, Sequence[float]] = {
    "insufficient_credits": (300, 600, 1800),
    "rate_limited": (15, 30, 60, 120),
    "unavailable": (5, 10, 30, 60, 120),
    "timeout": (2, 5, 10, 30, 60),
    "network": (2, 5, 10, 30, 60),
}


class Kind(StrEnum):
    """What an error says about other attempts."""

    RETRYABLE = "retryable"
    PERMANENT = "permanent"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Failure:
    """The facts about a failed attempt.

    Attributes:
        failures: settled failures, this one included.
        max_attempts: the task's own limit; 0 means the policy's.
        delay_s: least wait that the error asks for.
    """

    kind: Kind
    error_class: str
    failures: int
    max_attempts: int = 0
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after ``delay_s``."""

    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """To the dead-letter queue: a person must look."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """FAILED for good: a redrive would not help."""

    reason: str


Outcome = Retry | DeadLetter | Fail


def failure_of(error: TaskError, *, failures: int, max_attempts: int = 0) -> Failure:
    """The facts in an error.

    Args:
        failures: settled failures before this one.
        max_attempts: the task's own limit; 0 means the policy's.
    """
    match error:
        case InputRejected():
            kind, delay_s = Kind.REJECTED, 0.0
        case Permanent():
            kind, delay_s = Kind.PERMANENT, 0.0
        case Retryable():
            kind, delay_s = Kind.RETRYABLE, error.delay_s or 0.0
        case _:
            kind, delay_s = Kind.RETRYABLE, 0.0
    return Failure(kind, error.error_class, failures + 1, max_attempts, delay_s)


def decide(failure: Failure, policy: RetryPolicy, *, roll: float) -> Outcome:
    """What becomes of the task.

    Args:
        roll: uniform in [0, 1); spreads the delay.
    """
    match failure.kind:
        case Kind.REJECTED:
            return Fail(f"input rejected: {failure.error_class}")
        case Kind.PERMANENT:
            return DeadLetter(f"permanent error: {failure.error_class}")
        case Kind.RETRYABLE:
            return _again_or_dead(failure, policy, roll)
        case _:
            assert_never(failure.kind)


def _again_or_dead(failure: Failure, policy: RetryPolicy, roll: float) -> Retry | DeadLetter:
    allowed = failure.max_attempts or policy.max_attempts
    if failure.failures >= allowed:
        return DeadLetter(f"retries exhausted: {failure.failures} of {allowed} attempts failed")
    bound_s, source = _bound(failure, policy)
    delay_s = full_jitter_s(bound_s=bound_s, floor_s=failure.delay_s, roll=roll)
    asked = f", {failure.delay_s:g} s asked for" if failure.delay_s > 0 else ""
    return Retry(
        delay_s, f"failure {failure.failures} of {allowed}: {source}, bound {bound_s:g} s{asked}"
    )


def _bound(failure: Failure, policy: RetryPolicy) -> tuple[float, str]:
    """The manifest's schedule, else the built-in one unless the manifest caps delays below it."""
    named = policy.schedules.get(failure.error_class)
    if named:
        return scheduled_bound_s(failure.failures, named), f"schedule {failure.error_class}"
    known = DEFAULT_SCHEDULES.get(failure.error_class)
    if known:
        bound_s = min(policy.max_seconds, scheduled_bound_s(failure.failures, known))
        return bound_s, f"schedule {failure.error_class}"
    bound_s = exponential_bound_s(
        failure.failures,
        initial_s=policy.initial_seconds,
        factor=policy.factor,
        max_s=policy.max_seconds,
    )
    return bound_s, "backoff"
