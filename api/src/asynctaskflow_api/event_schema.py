"""The shapes of events: of what the feed sends, which the OpenAPI document cannot say of a stream itself, and of the past."""

from datetime import datetime

from pydantic import Field

from asynctaskflow.model.task import TaskState
from asynctaskflow_api.schema import Model


class FeedEvent(Model):
    """``data:`` of ``event: task`` and ``event: function`` in ``GET /api/v1/events``, and each event of the past."""

    id: str = Field(
        description="The same in the feed and in the past: nothing need be shown twice."
    )
    kind: str = Field(description="Such as enqueued, claimed, progress, completed, failed, paused.")
    function: str
    task_id: str | None = Field(description="None: it is about the function.")
    old_state: TaskState | None
    new_state: TaskState | None
    at: datetime
    attempt: int
    worker: str
    error_class: str
    progress: float
    note: str


class RecentEvents(Model):
    """Events that are kept, newest first."""

    events: list[FeedEvent]
    next_cursor: str = Field(description="For ``before``: what is older; empty at the end.")
