"""The shape of what the event feed sends, for the OpenAPI document, which cannot say it of a stream itself."""

from datetime import datetime

from pydantic import Field

from asynctaskflow.model.task import TaskState
from asynctaskflow_api.schema import Model


class FeedEvent(Model):
    """``data:`` of ``event: task`` and ``event: function`` in ``GET /api/v1/events``."""

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
