"""From how an attempt ended to what the queue is told. Pure: the dice are an argument."""

import re
from typing import assert_never

from asynctaskflow.errors import LeaseLost, NotNow, Retryable, TaskError
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.model.task import TaskState
from asynctaskflow.resilience import retry
from asynctaskflow.taskqueue.messages import Claimed, Fail, HandBack
from asynctaskflow.worker.execution import Cause

CLASS_CHARS = 40
MESSAGE_CHARS = 1024
TIMEOUT = "timeout"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FOREIGN = re.compile(r"[^a-z0-9]+")


def error_class_of(error: BaseException) -> str:
    """A slug from the exception's name: ``ZeroDivisionError`` gives ``zero_division_error``."""
    if isinstance(error, TimeoutError):
        return TIMEOUT
    slug = _FOREIGN.sub("_", _HUMP.sub("_", type(error).__name__).lower()).strip("_")
    return slug[:CLASS_CHARS] or "error"


def raised(task: Claimed, error: BaseException, policy: RetryPolicy, *, roll: float) -> "Ended":
    """The settlement for what a handler raised; ``None`` if the lease is lost, nothing may be written."""
    match error:
        case LeaseLost():
            return None
        case NotNow():
            return HandBack(task.id, task.lease, error.reason, _ms(error.delay_s))
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
    message = str(error)[:MESSAGE_CHARS]
    match retry.decide(failure, policy, roll=roll):
        case retry.Retry(delay_s=delay_s):
            to, delay_ms = TaskState.SCHEDULED, _ms(delay_s)
            return Fail(task.id, task.lease, to, error.error_class, message, delay_ms)
        case retry.DeadLetter():
            return Fail(task.id, task.lease, TaskState.DLQ, error.error_class, message)
        case retry.Fail():
            return Fail(task.id, task.lease, TaskState.FAILED, error.error_class, message)


def _message(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


Ended = Fail | HandBack | None
