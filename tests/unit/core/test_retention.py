"""History limits in the terms of a purge."""

from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.retention import retention


def test_failed_and_cancelled_tasks_share_a_lifetime_and_a_limit():
    history = History(completed_ttl_seconds=1, failed_ttl_seconds=2, failed_limit=7)

    given = retention(history)

    assert given["ttl_ms"][TaskState.COMPLETED] == 1000
    assert given["ttl_ms"][TaskState.FAILED] == given["ttl_ms"][TaskState.CANCELLED] == 2000
    assert given["keep"][TaskState.FAILED] == given["keep"][TaskState.CANCELLED] == 7
