"""The values that go into and come out of the queue: plain data, no behaviour."""

from dataclasses import dataclass
from typing import Literal

from asynctaskflow.model.task import Task, TaskId, TaskState

EventKind = Literal[
    "enqueued",
    "claimed",
    "completed",
    "failed",
    "handed_back",
    "lease_expired",
    "cancelled",
    "redriven",
    "deleted",
    "progress",
    "promoted",
    "expired",
    "paused",
    "resumed",
]


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to enqueue.

    Attributes:
        function: name of the function to call.
        input: JSON bytes, empty when ``input_ref`` names a blob.
        uuid: chosen by the caller to make a repeated enqueue harmless; a new UUIDv7 if ``None``.
        delay_s: start no earlier than this many seconds from now.
        max_age_s: end FAILED if not started this many seconds after acceptance; 0 means never.
        max_attempts: settled failures allowed before the dead-letter queue; 0 means the function's own.
        idempotency_key: at most 255 characters; the same key and input give the same task.
        traceparent: W3C trace context of the caller.
        resource: name of the ``Task`` resource that submits it; empty for tasks that nothing in Kubernetes stands for.
    """

    function: str
    input: bytes = b"{}"
    input_ref: str = ""
    uuid: str | None = None
    delay_s: float = 0.0
    max_age_s: float = 0.0
    max_attempts: int = 0
    idempotency_key: str = ""
    traceparent: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A task that the queue holds; ``created`` is False when it was there before (same key, same input)."""

    id: TaskId
    state: TaskState
    created: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task under this worker's lease.

    Attributes:
        lease: token that every write for this execution must carry.
        attempt: number of this execution, from 1.
        failures: settled failures before this execution.
        deliveries: claims since the last settlement, this one included.
    """

    id: TaskId
    lease: str
    attempt: int
    failures: int
    deliveries: int
    max_attempts: int
    created_ms: int
    input: bytes
    input_ref: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """What a claim found.

    Attributes:
        tasks: at most the number asked for.
        paused: the function is paused; nothing is handed out.
        next_due_ms: milliseconds until the earliest scheduled task is due; ``None`` if there is none.
        retry_depth: length of the retry list, which sets the weight of the next claim.
        draining: the worker is marked to go; it is handed nothing until the mark ends or is taken off.
    """

    tasks: tuple[Claimed, ...] = ()
    paused: bool = False
    next_due_ms: int | None = None
    retry_depth: int = 0
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    """Settle with a result (JSON bytes, or a blob reference)."""

    id: TaskId
    lease: str
    result: bytes
    result_ref: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """Settle without a result.

    Attributes:
        to: SCHEDULED to try again after ``delay_ms``, DLQ, or FAILED.
        message: at most 1 KiB is kept.
    """

    id: TaskId
    lease: str
    to: Literal[TaskState.SCHEDULED, TaskState.DLQ, TaskState.FAILED]
    error_class: str
    message: str
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class HandBack:
    """Return an unfinished task, attempt not burned: to the front of its queue, or SCHEDULED after ``delay_ms``."""

    id: TaskId
    lease: str
    reason: str
    delay_ms: int = 0


Settlement = Complete | Fail | HandBack


@dataclass(frozen=True, slots=True)
class Turn:
    """One round trip of a worker.

    Attributes:
        accepted: for each settlement True (accepted, or already so) or False (the lease was lost).
        batch: what was claimed.
    """

    accepted: tuple[bool, ...]
    batch: ClaimBatch


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, newest first; ``cursor`` continues it, empty at the end."""

    tasks: tuple[Task, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class QueueDepths:
    """Depths and counts of one function, each read in O(1).

    Attributes:
        primary, retry: queued ids (a cancelled task's id counts until a claim skips it).
        states: number of tasks in each state.
        oldest_pending_ms: age of the task that has waited longest, 0 if none.
        overdue_lease_ms: age of the oldest expired lease that nobody has reaped, 0 if none.
        next_due_ms: as in ``ClaimBatch``.
    """

    function: str
    primary: int
    retry: int
    states: dict[TaskState, int]
    paused: bool
    oldest_pending_ms: int
    overdue_lease_ms: int
    next_due_ms: int | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Event:
    """One transition, as read from the function's stream.

    Attributes:
        stream_id: Redis stream id ``<ms>-<n>`` to read on after; events between two ids come again.
        old: empty for a new task.
        kind: an ``EventKind``, or what a later version wrote.
        id: the same wherever the event is read: ``<function>=<ms>-<n>.<line>`` (``place.Place``).
    """

    stream_id: str
    function: str
    uuid: str
    kind: str
    old: str
    new: str
    at_ms: int
    attempt: int = 0
    worker: str = ""
    error_class: str = ""
    progress: float = 0.0
    note: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; ``cursor`` continues them with older ones, empty at the end."""

    events: tuple[Event, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker last said of itself.

    Attributes:
        age_ms: since its last heartbeat, Redis time.
        state: ``running``; ``draining`` once it was told to stop or is marked by a scaler; ``lost``.
        p50_run_ms: median run time of its recent attempts, 0 if none.
    """

    id: str
    function: str
    state: str
    age_ms: int
    started_ms: int
    host: str = ""
    pid: int = 0
    pod: str = ""
    version: str = ""
    slots: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
    stale_writes: int = 0
    p50_run_ms: float = 0.0
    active_tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a listing, count or bulk action is about.

    Attributes:
        function: required unless the caller walks all functions.
        since_ms, until_ms: half-open range on entry into ``state``; on creation if it is ACTIVE or not given.
        id_prefix: beginning of the uuid.
        error_class: only with state SCHEDULED, FAILED or DLQ; with DLQ also ``class/fingerprint``.
    """

    function: str
    state: TaskState | None = None
    since_ms: int = 0
    until_ms: int = 0
    id_prefix: str = ""
    error_class: str = ""


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Dead letters of one function that are alike.

    Attributes:
        fingerprint: of their messages; empty for those that were dead-lettered before there were any.
        newest: at most three, newest first.
        error: message of the newest.
        first_ms, last_ms: when the oldest and the newest were dead-lettered.
    """

    function: str
    error_class: str
    fingerprint: str
    count: int
    newest: tuple[TaskId, ...]
    error: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class ErrorGroups:
    """The largest groups of one function's dead letters.

    Attributes:
        total: dead letters of the function.
        more: those in groups that were left out.
    """

    groups: tuple[ErrorGroup, ...]
    total: int
    more: int
