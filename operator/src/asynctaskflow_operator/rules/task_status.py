"""``Task.status`` from the stored task, or from the verdict on a resource that has none.

Times are Redis' own and those of the resource, so that a status written late, or twice, is the same status.
A status replaces the one before as a whole; what is not in it is gone.
"""

import re
from datetime import UTC, datetime
from typing import Any

import orjson

from asynctaskflow.model.task import TERMINAL, Task, TaskState
from asynctaskflow_operator.rules.conditions import Condition
from asynctaskflow_operator.rules.task_intent import TaskSight, Verdict

INLINE_BYTES = 16_384
WORKER_CHARS = 253
CLASS_CHARS = 64
MESSAGE_CHARS = 1024
COUNT_MAX = 1_000_000
REDRIVES_MAX = 1000
FIRST_PROGRESS_S = 1.0
NEXT_PROGRESS_S = 30.0
ACCEPTED_S = 10.0
RESULTS = "/api/v1/tasks/{}/result"

_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?")
_WORDS = {
    TaskState.PENDING: "Queued",
    TaskState.ACTIVE: "Running",
    TaskState.SCHEDULED: "Scheduled",
    TaskState.COMPLETED: "Completed",
    TaskState.FAILED: "Failed",
    TaskState.DLQ: "DeadLettered",
    TaskState.CANCELLED: "Cancelled",
}
_EXPLAINED = frozenset({TaskState.SCHEDULED, TaskState.FAILED, TaskState.DLQ})


def task_status(seen: TaskSight, task: Task, result: bytes = b"") -> dict[str, Any]:
    """The status of a stored task.

    Args:
        result: JSON; not inlined if it is too long or damaged.
    """
    reason, message = _reason(task), task.error if task.state in _EXPLAINED else ""
    since_ms = task.finished_ms if task.state in TERMINAL else _began_ms(task)
    status = {
        **_common(seen, task.state, reason, message, since_ms=since_ms),
        "attempts": min(task.attempt, COUNT_MAX),
        "failures": min(task.failures, COUNT_MAX),
        "worker": task.worker[:WORKER_CHARS],
        "acceptedTime": moment(task.created_ms),
        "startedTime": moment(task.started_ms),
        "finishedTime": moment(task.finished_ms),
        "nextAttemptTime": moment(task.due_ms if task.state is TaskState.SCHEDULED else 0),
        "error": _error(task.error_class, task.error),
        **_result(task, result),
    }
    return _known(status)


def verdict_status(seen: TaskSight, verdict: Verdict) -> dict[str, Any]:
    """The status of a resource for which Redis holds no task."""
    since_ms = verdict.at_ms or seen.created_ms
    ended = verdict.state in TERMINAL
    bad = verdict.state in (TaskState.FAILED, TaskState.PENDING)
    status = {
        **_common(seen, verdict.state, verdict.reason, verdict.message, since_ms=since_ms),
        "attempts": 0,
        "failures": 0,
        "finishedTime": moment(since_ms if ended else 0),
        "error": _error(verdict.reason, verdict.message) if bad else None,
    }
    return _known(status)


def progress_delay_s(seen: TaskSight, state: TaskState, *, quiet_s: float) -> float:
    """How long a change that is no end must last before it is written, so that a short task costs one status.

    Args:
        quiet_s: since the last status that showed no end.
    """
    if state is TaskState.PENDING and seen.state is None:
        return ACCEPTED_S  # a resource without a status is queued
    if seen.ended:
        return FIRST_PROGRESS_S  # run again: the shown end is wrong now
    return max(FIRST_PROGRESS_S, NEXT_PROGRESS_S - quiet_s)


def moment(ms: int) -> str | None:
    """RFC 3339 in UTC with milliseconds; ``None`` for "not yet"."""
    try:
        at = datetime.fromtimestamp(ms / 1000, UTC) if ms > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def without_result(status: dict[str, Any]) -> dict[str, Any]:
    """The status for an API server that refuses the result's shape; its path stays."""
    return {name: value for name, value in status.items() if name != "result"}


def _known(status: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known; a result is known, whatever it is."""
    unknown = (None, "")
    return {k: value for k, value in status.items() if k == "result" or value not in unknown}


def _common(
    seen: TaskSight, state: TaskState, reason: str, message: str, *, since_ms: int
) -> dict[str, Any]:
    ended, well = state in TERMINAL, state is TaskState.COMPLETED
    word = reason if _REASON.fullmatch(reason) else _WORDS[state]
    conditions = (
        Condition("Succeeded", well if ended else None, word, message),
        Condition("Finished", ended, word, message),
    )
    return {
        "observedGeneration": seen.generation,
        "taskId": seen.task_id[:77],
        "state": str(state),
        "reason": reason[:CLASS_CHARS],
        "redrives": min(seen.obeyed, REDRIVES_MAX),
        "conditions": [_shown(one, seen.generation, since_ms) for one in conditions],
    }


def _shown(one: Condition, generation: int, since_ms: int) -> dict[str, Any]:
    return {
        "type": one.type,
        "status": "Unknown" if one.status is None else str(one.status),
        "reason": one.reason[:CLASS_CHARS],
        "message": one.message[:MESSAGE_CHARS],
        "lastTransitionTime": moment(since_ms) or moment(1),
        "observedGeneration": generation,
    }


def _began_ms(task: Task) -> int:
    """Since when it is not at an end: acceptance, or the last redrive."""
    again = [one.at_ms for one in task.history if one.event == "redriven"]
    return max([task.created_ms, *again])


def _reason(task: Task) -> str:
    if task.state is TaskState.CANCELLED:
        return "Cancelled"
    if task.state not in _EXPLAINED:
        return ""
    last = task.history[-1] if task.history else None
    if task.state is TaskState.SCHEDULED and last and last.event == "handed_back":
        return last.message if _REASON.fullmatch(last.message) else "HandedBack"
    return task.error_class


def _error(name: str, message: str) -> dict[str, str] | None:
    if not name and not message:
        return None
    return {"class": name[:CLASS_CHARS], "message": message[:MESSAGE_CHARS]}


def _result(task: Task, result: bytes) -> dict[str, Any]:
    if task.state is not TaskState.COMPLETED:
        return {}
    found: dict[str, Any] = {
        "resultBytes": task.result_bytes,
        "resultSha256": task.result_sha256,
        "resultPath": RESULTS.format(task.id),
    }
    if not 0 < len(result) <= INLINE_BYTES:
        return found
    try:
        value = orjson.loads(result)
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return found  # damaged, or nested so deep that it cannot be sent
    return {**found, "result": value}
