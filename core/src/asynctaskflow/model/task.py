"""What a task is: its states, the legal transitions between them, and its record.

Never touches Redis; the scripts in ``taskqueue/lua`` enforce the same table.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

FUNCTION_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
TASK_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UUID_CHARS = 36


class TaskState(StrEnum):
    """Where a task is; the same names in Redis, REST, resources and the dashboard."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    DLQ = "DLQ"
    CANCELLED = "CANCELLED"


TERMINAL = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.DLQ, TaskState.CANCELLED})

TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    # To the DLQ without having run: its record was damaged.
    TaskState.PENDING: frozenset(
        {TaskState.ACTIVE, TaskState.CANCELLED, TaskState.FAILED, TaskState.DLQ}
    ),
    TaskState.ACTIVE: frozenset(TaskState) - {TaskState.ACTIVE},
    TaskState.SCHEDULED: frozenset({TaskState.PENDING, TaskState.CANCELLED, TaskState.FAILED}),
    TaskState.COMPLETED: frozenset(),
    TaskState.FAILED: frozenset({TaskState.PENDING}),
    TaskState.DLQ: frozenset({TaskState.PENDING}),
    TaskState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class TaskId:
    """A task's name: ``<function>-<uuid>``, a valid Kubernetes resource name.

    Attributes:
        function: the function's name, at most 40 characters.
        uuid: canonical lower-case UUID; version 7 unless the id came from a resource's UID.
    """

    function: str
    uuid: str

    @classmethod
    def parse(cls, text: str) -> "TaskId":
        """Split ``<function>-<uuid>``.

        Raises:
            ValueError: the text is not a task id; the message says what was expected.
        """
        function, uuid = text[: -UUID_CHARS - 1], text[-UUID_CHARS:]
        if text[-UUID_CHARS - 1 : -UUID_CHARS] != "-" or not TASK_UUID.fullmatch(uuid):
            raise ValueError(f"task id: expected <function>-<uuid>, got {text[:100]!r}")
        if not FUNCTION_NAME.fullmatch(function):
            raise ValueError(f"task id: bad function name {function[:60]!r}")
        return cls(function, uuid)

    def __str__(self) -> str:
        return f"{self.function}-{self.uuid}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One entry of a task's bounded history: how an execution ended without success, or an admin act.

    Attributes:
        at_ms: when, Redis time.
        event: ``failed``, ``handed_back``, ``lease_expired``, ``redriven``, ``cancelled``, …
        attempt: number of the execution it is about (0: none had started).
        worker: id of the worker, empty if none.
        error_class: slug, empty if no error.
        message: what was wrong, at most 1 KiB.
        next_ms: when the next attempt is due, 0 if none is planned.
    """

    at_ms: int
    event: str
    attempt: int
    worker: str = ""
    error_class: str = ""
    message: str = ""
    next_ms: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A stored task without its input and result, which are read on demand.

    Times are milliseconds since the epoch by Redis' clock; 0 means "not yet".

    Attributes:
        attempt: executions so far that were not handed back.
        failures: settled failures so far; the retry budget (``max_attempts``) counts these.
        deliveries: claims since the last settlement; the crash budget counts these.
        due_ms: when a SCHEDULED task is due.
        lease_ms: when an ACTIVE task's lease runs out.
        expires_ms: a task not started by then ends FAILED; 0 means never.
        fingerprint: of a dead letter's message: those with the same class and fingerprint are alike.
        progress: 0.0 to 1.0, as the handler reported it.
        resource: name of the ``Task`` resource that submitted it; empty if none did.
    """

    id: TaskId
    state: TaskState
    created_ms: int
    updated_ms: int
    started_ms: int = 0
    finished_ms: int = 0
    due_ms: int = 0
    lease_ms: int = 0
    expires_ms: int = 0
    attempt: int = 0
    failures: int = 0
    deliveries: int = 0
    max_attempts: int = 0
    worker: str = ""
    error: str = ""
    error_class: str = ""
    fingerprint: str = ""
    progress: float = 0.0
    note: str = ""
    input_bytes: int = 0
    input_sha256: str = ""
    input_ref: str = ""
    result_bytes: int = 0
    result_sha256: str = ""
    result_ref: str = ""
    traceparent: str = ""
    resource: str = ""
    redrives: int = 0
    history: tuple[Attempt, ...] = ()
