"""The errors that cross module borders; each answers two questions: retry, and when.

Adapters translate vendor errors into these at the border. No HTTP status lives here.
"""


class AsyncTaskFlowError(Exception):
    """Base of every error that this project raises on purpose."""


class TaskError(AsyncTaskFlowError):
    """An attempt did not succeed.

    Attributes:
        error_class: short slug (``[a-z0-9_]{1,40}``) that groups, filters and picks a retry schedule.
        provider_fault: whether a dependency's circuit breaker must count it as a failure.
    """

    default_class = "error"

    def __init__(
        self, message: str, *, error_class: str | None = None, provider_fault: bool = False
    ) -> None:
        """Keep the message; the class slug falls back to the type's own."""
        super().__init__(message)
        self.error_class = error_class or self.default_class
        self.provider_fault = provider_fault


class Retryable(TaskError):
    """The attempt failed, another one may succeed.

    Attributes:
        delay_s: least wait before the next attempt in seconds; ``None`` lets the schedule decide.
    """

    default_class = "retryable"

    def __init__(
        self,
        message: str,
        *,
        delay_s: float | None = None,
        error_class: str | None = None,
        provider_fault: bool = False,
    ) -> None:
        """Keep the delay beside what every task error has."""
        super().__init__(message, error_class=error_class, provider_fault=provider_fault)
        self.delay_s = delay_s


class Permanent(TaskError):
    """The attempt failed and so would every other: the task goes to the dead-letter queue."""

    default_class = "permanent"


class InputRejected(Permanent):
    """The function refuses this input for good: the task ends FAILED, a redrive would not help."""

    default_class = "input_rejected"


class NotNow(AsyncTaskFlowError):
    """The attempt could not start its work: hand the task back without burning an attempt.

    Raised by a dependency guard when a breaker is open or tokens are out for long.

    Attributes:
        reason: why, as a slug such as ``breaker_open`` or ``rate_limited``.
        delay_s: seconds until trying again makes sense; 0 means at once.
    """

    def __init__(self, message: str, *, reason: str, delay_s: float) -> None:
        """Keep the reason and the delay."""
        super().__init__(message)
        self.reason = reason
        self.delay_s = delay_s


class LeaseLost(AsyncTaskFlowError):
    """A write came from a worker that no longer holds the task's lease; nothing was written."""


class QueueUnavailable(AsyncTaskFlowError):
    """Redis did not answer in time or refused; the outcome of a write is unknown.

    Repeat it with the same task id or idempotency key.
    """


class QueueFull(AsyncTaskFlowError):
    """The function's queue has reached its maximum depth; nothing was stored."""


class IdempotencyConflict(AsyncTaskFlowError):
    """The idempotency key was used with another input; nothing was stored."""


class TaskNotFound(AsyncTaskFlowError):
    """No such task (never accepted, deleted, or past its retention)."""


class TaskNotCompleted(AsyncTaskFlowError):
    """A result was asked for of a task that has none: it failed, was cancelled, or has not ended yet.

    Attributes:
        state: where the task is.
        error_class: slug of its last error, empty if none.
    """

    def __init__(self, message: str, *, state: str, error_class: str = "") -> None:
        """Keep the state and the error's class."""
        super().__init__(message)
        self.state = state
        self.error_class = error_class


class FunctionNotFound(AsyncTaskFlowError):
    """No function of that name is registered."""


class InvalidTransition(AsyncTaskFlowError):
    """The task's present state does not allow the transition; nothing was written."""


class UnsafeServer(AsyncTaskFlowError):
    """The Redis server's version or configuration would lose tasks: refuse to start."""
