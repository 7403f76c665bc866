"""Executes one attempt: fetch the input, call the handler, keep the result, judge the outcome.

One of the two places of this project that catch ``Exception``: whatever a user's handler raises ends in
a settlement, never in the worker.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asynctaskflow.clock import Clock
from asynctaskflow.errors import Permanent, QueueUnavailable, Retryable
from asynctaskflow.logs import get_logger
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.resilience.error_class import error_class_of
from asynctaskflow.taskqueue.messages import Claimed, Complete, Settlement
from asynctaskflow.worker import settle
from asynctaskflow.worker.context import Blobs
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Cause, Execution
from asynctaskflow.worker.handlers import Handlers
from asynctaskflow.worker.progress import ProgressPump


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """Bounds of one attempt.

    Attributes:
        inline_bytes: larger results go to the blob store.
    """

    timeout_s: float
    inline_bytes: int


class Attempts:
    """Runs attempts of one function."""

    def __init__(
        self,
        definition: FunctionDefinition[Any, Any, Any],
        handlers: Handlers,
        *,
        progress: ProgressPump,
        blobs: Blobs | None,
        retry: RetryPolicy,
        limits: AttemptLimits,
        clock: Clock,
        roll: Callable[[], float],
    ) -> None:
        """Keep what every attempt needs."""
        self._definition = definition
        self._handlers = handlers
        self._progress = progress
        self._blobs = blobs
        self._retry = retry
        self._limits = limits
        self._clock = clock
        self._roll = roll

    def adopt(self, limits: AttemptLimits, retry: RetryPolicy) -> None:
        """Other limits for attempts that start from now on, other retries for those that end."""
        self._limits = limits
        self._retry = retry

    async def run(self, execution: Execution) -> Settlement | None:
        """Execute once; ``None`` if the lease was lost and nothing may be written.

        Raises:
            asyncio.CancelledError: the worker is being torn down, or the handler has cancelled its own runner.
        """
        task = execution.task
        execution.started_s = self._clock.mono_s()
        execution.deadline_s = execution.started_s + self._limits.timeout_s
        try:
            given = self._definition.parse(task.input or await self._referred_input(task))
            output = await self._handlers.call(given, execution)
            result = self._handlers.serialise(output)
            ref = ""
            if self._progress.waiting(execution):
                await self._progress.flush(execution)
            if len(result) > self._limits.inline_bytes and self._blobs is not None:
                ref = await self._blobs.put(result, name=f"result-{task.id.uuid}")
                result = b""
            settlement: Settlement | None = Complete(task.id, task.lease, result, ref)
        except asyncio.CancelledError as error:
            if execution.cause is None and _being_torn_down():
                raise
            settlement = self._judge(execution, error)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - the border of a user's handler, panics included
            settlement = self._judge(execution, error)
        if execution.cause in (Cause.TIMEOUT, Cause.LEASE_LOST):
            return self._interrupted(execution, execution.cause)
        return settlement

    def cancelled(self, execution: Execution) -> Settlement | None:
        """The settlement for a handler that has cancelled the coroutine in which it runs."""
        return self._judge(execution, asyncio.CancelledError())

    def abandoned(self, execution: Execution) -> Settlement | None:
        """The settlement for a handler that does not stop although it was interrupted."""
        return self._interrupted(execution, execution.cause or Cause.TIMEOUT)

    async def _referred_input(self, task: Claimed) -> bytes:
        if not task.input_ref:
            raise Permanent("the task has no input", error_class="corrupt")
        if self._blobs is None:
            raise Retryable("this worker has no blob store", error_class="no_blob_store")
        return await self._blobs.get(task.input_ref)

    def _judge(self, execution: Execution, error: BaseException) -> Settlement | None:
        if execution.cause is not None:
            return self._interrupted(execution, execution.cause)
        if isinstance(error, QueueUnavailable):
            error = Retryable(str(error), error_class="redis_unavailable")
        get_logger().debug("attempt_failed", task=str(execution.task.id), exc_info=error)
        try:
            return settle.raised(execution.task, error, self._retry, roll=self._roll())
        except Exception:  # noqa: BLE001 - the same border: an exception's own texts and numbers may fail
            told = Retryable(type(error).__name__, error_class=error_class_of(error))
            return settle.raised(execution.task, told, self._retry, roll=self._roll())

    def _interrupted(self, execution: Execution, cause: Cause) -> Settlement | None:
        return settle.interrupted(
            execution.task,
            cause,
            self._retry,
            timeout_s=self._limits.timeout_s,
            roll=self._roll(),
        )


def _being_torn_down() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
