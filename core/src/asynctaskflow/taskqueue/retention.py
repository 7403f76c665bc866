"""A function's history limits in the terms of ``Upkeep.purge``."""

from typing import TypedDict

from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState


class Retention(TypedDict):
    """Arguments of ``Upkeep.purge``."""

    ttl_ms: dict[TaskState, int]
    keep: dict[TaskState, int]


def retention(history: History) -> Retention:
    """What to keep and for how long."""
    failed_ms = round(history.failed_ttl_seconds * 1000)
    return {
        "ttl_ms": {
            TaskState.COMPLETED: round(history.completed_ttl_seconds * 1000),
            TaskState.FAILED: failed_ms,
            TaskState.CANCELLED: failed_ms,
            TaskState.DLQ: round(history.dlq_ttl_seconds * 1000),
        },
        "keep": {
            TaskState.COMPLETED: history.completed_limit,
            TaskState.FAILED: history.failed_limit,
            TaskState.CANCELLED: history.failed_limit,
        },
    }
