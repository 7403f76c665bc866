"""What is to be done about one ``Task`` resource, from what it says and what Redis says. Sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from hashlib import blake2b
from sys import intern
from typing import Any

import orjson
from pydantic import ValidationError

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TERMINAL, Task, TaskId, TaskState
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow.taskqueue.messages import NewTask

REDRIVABLE = frozenset({TaskState.FAILED, TaskState.DLQ})
LONGEST_DELAY_S = 31_536_000.0
MESSAGE_CHARS = 1024
PRINT_BYTES = 8
EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class TaskSight:
    """What counts of one resource; small, because thousands are remembered.

    Attributes:
        task_id: of the task that it submits or shows; empty if the resource names none.
        mirrors: it shows a task that came over REST; nothing is submitted by it.
        ttl_s: ``None``: as the Function says.
        state: the state in its status; ``None`` before the first status.
        accepted: its status says that the queue took the task.
        finished_ms: when the task ended, as its status says; 0 if not.
        obeyed: how much of ``redrives`` has been obeyed.
        print: fingerprint of its status.
    """

    name: str
    uid: str
    generation: int
    created_ms: int
    function: str
    task_id: str
    mirrors: bool = False
    cancelled: bool = False
    redrives: int = 0
    ttl_s: float | None = None
    state: TaskState | None = None
    accepted: bool = False
    finished_ms: int = 0
    obeyed: int = 0
    print: bytes = b""

    @property
    def ended(self) -> bool:
        """Whether its status shows an end."""
        return self.state in TERMINAL

    def at(self, status: Mapping[str, Any]) -> "TaskSight":
        """The same resource with this status; one that names no task is not ours but the API server's default."""
        obeyed = _whole(status.get("redrives"))
        return replace(
            self,
            state=_state(status.get("state")) if status.get("taskId") else None,
            accepted=bool(status.get("acceptedTime")),
            finished_ms=_moment_ms(status.get("finishedTime")),
            obeyed=max(self.obeyed, obeyed),
            print=fingerprint(status),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a resource shows while Redis holds no task for it.

    Attributes:
        reason: one word, such as ``FunctionNotFound``.
        message: for people.
        at_ms: since when, or 0: since the resource was made.
    """

    state: TaskState
    reason: str
    message: str
    at_ms: int = 0


class Act(Enum):
    """What to do."""

    NOTHING = auto()
    ACCEPT = auto()  # have the queue take it
    CANCEL = auto()
    END_CANCELLED = auto()  # it ends without having been queued
    REDRIVE = auto()
    LOST = auto()  # it shows a task that is not there
    SHOW = auto()  # bring its status up to date


def sight(body: Mapping[str, Any]) -> TaskSight:
    """What counts of a resource; whatever is in it, this does not fail."""
    meta, spec = body["metadata"], _mapping(body.get("spec"))
    uid, function = str(meta["uid"]), intern(str(spec.get("function") or ""))
    shown = spec.get("taskId")
    seen = TaskSight(
        name=str(meta["name"]),
        uid=uid,
        generation=_whole(meta.get("generation")),
        created_ms=_moment_ms(meta.get("creationTimestamp")),
        function=function,
        task_id=str(shown) if shown else f"{function}-{uid}",
        mirrors=bool(shown),
        cancelled=spec.get("desiredState") == "Cancelled",
        redrives=_whole(spec.get("redrives")),
        ttl_s=_seconds(spec.get("ttlSecondsAfterFinished")),
    )
    return seen.at(_mapping(body.get("status"))) if body.get("status") else seen


def fingerprint(status: Mapping[str, Any]) -> bytes:
    """The same for the same status; the API server writes 1.0 as 1."""
    try:
        text = orjson.dumps(_plain(status), option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError):
        text = b"not ours"
    return blake2b(text, digest_size=PRINT_BYTES).digest()


def needs_record(seen: TaskSight) -> bool:
    """Whether what to do depends on the stored task; a new one is enqueued unseen, which is harmless if repeated."""
    return seen.mirrors or seen.cancelled or seen.state is not None


def act(seen: TaskSight, task: Task | None) -> Act:
    """What to do, once the stored task is known (``None``: there is none, or it does not matter)."""
    if seen.cancelled and not seen.ended:
        return _cancel(seen, task)
    if seen.redrives > seen.obeyed and seen.state is not None and _may_redrive(seen, task):
        return Act.REDRIVE if task else Act.ACCEPT
    if seen.ended:
        return Act.SHOW if task else Act.NOTHING
    if task is None:
        return Act.LOST if seen.mirrors else Act.ACCEPT
    return Act.SHOW


def _cancel(seen: TaskSight, task: Task | None) -> Act:
    if task is None:
        return Act.LOST if seen.mirrors else Act.END_CANCELLED
    return Act.SHOW if task.state in TERMINAL else Act.CANCEL


def _may_redrive(seen: TaskSight, task: Task | None) -> bool:
    """Whether the wish is still open: what has been run again since the shown end was run again for it.

    Without a stored task the resource itself is submitted anew, if it can be.
    """
    if task is None:
        return seen.state in REDRIVABLE and not seen.mirrors
    again = (one.at_ms for one in task.history if one.event == "redriven")
    shown_ms = seen.finished_ms if seen.state in REDRIVABLE else 0
    return task.state in REDRIVABLE and not (shown_ms and max(again, default=0) >= shown_ms)


def read_spec(spec: Mapping[str, Any]) -> TaskSpec | Verdict:
    """The spec, or which field is wrong."""
    try:
        return TaskSpec.model_validate(dict(spec))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in ("spec", *first["loc"]))
        return failed("InvalidInput", f"{where}: {first['msg']}")


def named_task(seen: TaskSight) -> TaskId | Verdict:
    """The task that a resource is about."""
    try:
        found = TaskId.parse(seen.task_id)
    except ValueError as error:
        return failed("InvalidInput", f"spec.taskId: {error}")
    if found.function != seen.function:
        return failed("InvalidInput", "spec.taskId: begins with another function's name")
    return found


def new_task(
    seen: TaskSight, spec: TaskSpec, function: FunctionSpec, *, now_s: float
) -> NewTask | Verdict:
    """What to enqueue, or why the function does not take it."""
    try:
        given = b"" if spec.input is None else orjson.dumps(spec.input, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        return failed("InvalidInput", f"spec.input: {error}")
    limit = function.queue.input_max_bytes
    if len(given) > limit:
        return failed(
            "InputTooLarge", f"spec.input: {len(given)} bytes; {seen.function} takes {limit} inline"
        )
    delay_s = _utc(spec.start_after).timestamp() - now_s if spec.start_after else 0.0
    if delay_s > LONGEST_DELAY_S:
        return failed("InvalidInput", "spec.startAfter: more than a year away")
    return NewTask(
        seen.function,
        given,
        input_ref=spec.input_ref or "",
        uuid=seen.uid,
        delay_s=max(0.0, delay_s),
        max_age_s=spec.max_age_seconds or function.timeouts.max_age_seconds,
        max_attempts=spec.max_attempts,
        resource=seen.name,
    )


def failed(reason: str, message: str) -> Verdict:
    """An end without a run."""
    return Verdict(TaskState.FAILED, reason, message[:MESSAGE_CHARS])


def waiting(reason: str, message: str) -> Verdict:
    """Not taken yet, to be tried again."""
    return Verdict(TaskState.PENDING, reason, message[:MESSAGE_CHARS])


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    whole = isinstance(value, float) and value.is_integer() and abs(value) < EXACT
    return int(value) if whole else value


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _state(value: Any) -> TaskState | None:
    known = isinstance(value, str) and value in TaskState.__members__
    return TaskState(value) if known else None


def _moment_ms(value: Any) -> int:
    """An RFC 3339 time; 0 if there is none."""
    try:
        return round(_utc(datetime.fromisoformat(value)).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError, OSError):
        return 0
