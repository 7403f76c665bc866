"""From how an attempt ended to what the queue is told. Pure: the dice are an argument."""

from typing import Literal, assert_never

from asynctaskflow.errors import LeaseLost, NotNow, Retryable, TaskError
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.model.task import TaskState
from asynctaskflow.resilience import retry
from asynctaskflow.resilience.error_class import TIMEOUT, error_class_of, slug
from asynctaskflow.taskqueue.messages import Claimed, Fail, HandBack
from asynctaskflow.worker.execution import Cause

MESSAGE_CHARS = 1024
LONGEST_DELAY_S = 604_800.0


def raised(task: Claimed, error: BaseException, policy: RetryPolicy, *, roll: float) -> "Ended":
    """The settlement for what a handler raised; ``None`` if the lease is lost, nothing may be written."""
    match error:
        case LeaseLost():
            return None
        case NotNow():
            return HandBack(task.id, task.lease, slug(error.reason), _ms(error.delay_s))
        case TaskError():
            return failed(task, error, policy, roll=roll)
        case _:
            known = Retryable(_message(error), error_class=error_class_of(error))
            return failed(task, known, policy, roll=roll)


def interrupted(
    task: Claimed, cause: Cause, policy: RetryPolicy, *, timeout_s: float, roll: float
) -> "Ended":
    """The settlement for an attempt that the worker itself has stopped."""
    match cause:
        case Cause.LEASE_LOST:
            return None
        case Cause.DRAINING:
            return HandBack(task.id, task.lease, str(cause))
        case Cause.TIMEOUT:
            error = Retryable(f"not done within {timeout_s:g} s", error_class=TIMEOUT)
            return failed(task, error, policy, roll=roll)
        case _:
            assert_never(cause)


def failed(task: Claimed, error: TaskError, policy: RetryPolicy, *, roll: float) -> Fail:
    """The settlement for a failed attempt: again later, dead-lettered, or FAILED."""
    failure = retry.failure_of(error, failures=task.failures, max_attempts=task.max_attempts)
    outcome = retry.decide(failure, policy, roll=roll)
    delay_ms = _ms(outcome.delay_s) if isinstance(outcome, retry.Retry) else 0
    return Fail(
        task.id,
        task.lease,
        _target(outcome),
        slug(error.error_class),
        _storable(str(error)),
        delay_ms,
    )


def _target(
    outcome: retry.Outcome,
) -> Literal[TaskState.SCHEDULED, TaskState.DLQ, TaskState.FAILED]:
    match outcome:
        case retry.Retry():
            return TaskState.SCHEDULED
        case retry.DeadLetter():
            return TaskState.DLQ
        case retry.Fail():
            return TaskState.FAILED
        case _:
            assert_never(outcome)


def _message(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _storable(text: str) -> str:
    """A message that can be encoded: exceptions quote file names and bytes that cannot."""
    return text[:MESSAGE_CHARS].encode(errors="backslashreplace").decode()[:MESSAGE_CHARS]


def _ms(seconds: float) -> int:
    return round(min(max(0.0, seconds), LONGEST_DELAY_S) * 1000)


Ended = Fail | HandBack | None
