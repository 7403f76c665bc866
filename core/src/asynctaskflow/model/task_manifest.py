"""What a person applies to submit a task with kubectl: the ``Task`` manifest.

Bounds are those of the custom resource. A task that came over REST is shown as such a resource too; then
``task_id`` names it and there is no input in it.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from asynctaskflow.model.function import FunctionName, Spec

INPUT_FIELDS = ("input", "input_ref", "task_id")
TASK_ID_CHARS = 77  # a function name of 40 characters, a dash, a UUID


class TaskSpec(Spec):
    """The ``spec`` of a ``Task``; all but ``desired_state``, ``redrives`` and the TTL is immutable."""

    function: FunctionName = Field(description="Name of the Function to call, in this namespace.")
    input: dict[str, Any] | None = Field(
        None, max_length=64, description="The function's input, as its inputSchema says."
    )
    input_ref: str | None = Field(
        None,
        min_length=1,
        max_length=160,
        pattern=r"^(redis|s3):[a-z0-9-]{1,40}/[A-Za-z0-9][A-Za-z0-9-]{0,99}$",
        description="Reference of an uploaded JSON document that is the whole input; for inputs too large for a "
        "resource.",
    )
    task_id: str | None = Field(
        None,
        max_length=TASK_ID_CHARS,
        pattern=r"^[a-z0-9-]+$",
        description="A task that exists already, submitted over REST, to be shown and steered here.",
    )
    start_after: datetime | None = Field(
        None, description="Start no earlier than this time (RFC 3339)."
    )
    max_age_seconds: float = Field(
        0,
        ge=0,
        le=31_536_000,
        description="A task not started by then ends FAILED; 0: as the Function says.",
    )
    max_attempts: int = Field(
        0, ge=0, le=100, description="Failures allowed, then the DLQ; 0: as the Function says."
    )
    desired_state: Literal["Run", "Cancelled"] = Field(
        "Run", description="Cancelled ends the task, queued or running; there is no way back."
    )
    redrives: int = Field(
        0,
        ge=0,
        le=1000,
        description="Raise it by one to run a task again that is FAILED or in the DLQ.",
    )
    ttl_seconds_after_finished: float | None = Field(
        None,
        ge=0,
        le=31_536_000,
        description="This resource is deleted so long after its end; absent: as the Function says.",
    )

    @model_validator(mode="after")
    def _one_input(self) -> "TaskSpec":
        given = [name for name in INPUT_FIELDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("expected exactly one of input, inputRef, taskId")
        return self
