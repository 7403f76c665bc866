"""Tasks, queues and workers as JSON. Pure: values in, plain dictionaries out.

Every shape is the seed's with more fields; nothing that the seed's clients read is missing.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from asynctaskflow.model.task import Attempt, Task, TaskState
from asynctaskflow.scaling import DecisionRecord
from asynctaskflow.taskqueue.messages import ErrorGroup, QueueDepths, WorkerInfo
from asynctaskflow.taskqueue.work_source import retry_share

TASKS = "/api/v1/tasks/"
TEXT_FIELDS = ("content", "text")
RESULT_TEXT_FIELDS = ("summary",)
SHOWN_STATES = (
    TaskState.PENDING,
    TaskState.ACTIVE,
    TaskState.COMPLETED,
    TaskState.FAILED,
    TaskState.SCHEDULED,
    TaskState.DLQ,
    TaskState.CANCELLED,
)
STATE_AFTER = {
    "handed_back": TaskState.PENDING,
    "lease_expired": TaskState.PENDING,
    "redriven": TaskState.PENDING,
    "cancelled": TaskState.CANCELLED,
    "expired": TaskState.FAILED,
}


def iso(ms: int) -> str:
    """Milliseconds since the epoch as UTC text."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def iso_or_none(ms: int) -> str | None:
    """The same; ``None`` for "not yet"."""
    return iso(ms) if ms else None


def links(task_id: str) -> dict[str, str]:
    """Where a task's parts are."""
    base = TASKS + task_id
    return {
        "self": base,
        "input": base + "/input",
        "result": base + "/result",
        "cancel": base + "/cancel",
        "events": "/api/v1/events?task=" + task_id,
    }


def summary(task: Task, *, max_attempts: int) -> dict[str, Any]:
    """The seed's TaskSummary and our fields.

    Args:
        max_attempts: the function's own, for tasks that were not given one.
    """
    allowed = task.max_attempts or max_attempts
    return {**_as_the_seed(task, allowed), **_beyond_the_seed(task, allowed)}


def _as_the_seed(task: Task, allowed: int) -> dict[str, Any]:
    finished = task.finished_ms if task.state is TaskState.COMPLETED else 0
    return {
        "task_id": str(task.id),
        "state": task.state,
        "retry_count": min(task.failures, allowed - 1),
        "max_retries": allowed - 1,
        "last_error": task.error or None,
        "error_type": task.error_class or None,
        "retry_after": iso_or_none(task.due_ms) if task.state is TaskState.SCHEDULED else None,
        "created_at": iso(task.created_ms),
        "updated_at": iso(task.updated_ms),
        "completed_at": iso_or_none(finished),
        "task_type": task.id.function,
        "content_length": task.input_bytes,
        "has_result": bool(task.result_bytes or task.result_ref),
        "error_history": _error_history(task),
        "state_history": _state_history(task),
    }


def _beyond_the_seed(task: Task, allowed: int) -> dict[str, Any]:
    return {
        "function": task.id.function,
        "attempt": task.attempt,
        "failures": task.failures,
        "max_attempts": allowed,
        "deliveries": task.deliveries,
        "redrives": task.redrives,
        "progress": task.progress,
        "note": task.note,
        "worker_id": task.worker or None,
        "started_at": iso_or_none(task.started_ms),
        "finished_at": iso_or_none(task.finished_ms),
        "lease_expires_at": iso_or_none(task.lease_ms),
        "expires_at": iso_or_none(task.expires_ms),
        "fingerprint": task.fingerprint,
        "result_length": task.result_bytes,
        "traceparent": task.traceparent or None,
        "links": links(str(task.id)),
    }


def detail(task: Task, raw_input: bytes, raw_result: bytes, *, max_attempts: int) -> dict[str, Any]:
    """The seed's TaskDetail: the summary, the content and the result; also both as JSON."""
    given, output = loads(raw_input), loads(raw_result)
    return {
        **summary(task, max_attempts=max_attempts),
        "content": as_text(given, TEXT_FIELDS) or "",
        "result": as_text(output, RESULT_TEXT_FIELDS),
        "input": given,
        "output": output,
        "input_ref": task.input_ref or None,
        "result_ref": task.result_ref or None,
    }


def loads(raw: bytes) -> Any:
    """Stored JSON; ``None`` if there is none, and the text itself if it is damaged."""
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def as_text(value: Any, fields: Iterable[str]) -> str | None:
    """What the seed shows as one text: the text itself, the object's main text, or JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        for name in fields:
            if isinstance(value.get(name), str):
                return str(value[name])
    return orjson.dumps(value).decode()


def _error_history(task: Task) -> list[dict[str, Any]]:
    failed = [entry for entry in task.history if entry.error_class or entry.event == "failed"]
    return [
        {
            "timestamp": iso(entry.at_ms),
            "error": entry.message,
            "error_type": entry.error_class,
            "retry_count": count,
            "state_transition": f"ACTIVE -> {_state_after(entry, task)}",
            "attempt": entry.attempt,
            "worker_id": entry.worker or None,
        }
        for count, entry in enumerate(failed, start=1)
    ]


def _state_history(task: Task) -> list[dict[str, Any]]:
    """From the bounded history: what is known, oldest first, ending with the present state."""
    steps = [(task.created_ms, str(TaskState.PENDING))]
    steps += [(entry.at_ms, _state_after(entry, task)) for entry in task.history]
    if task.started_ms:
        steps.append((task.started_ms, str(TaskState.ACTIVE)))
    steps.sort(key=lambda step: step[0])
    if steps[-1][1] != task.state:
        steps.append((task.updated_ms, str(task.state)))
    return [{"state": state, "timestamp": iso(at_ms)} for at_ms, state in steps]


def _state_after(entry: Attempt, task: Task) -> str:
    if entry.next_ms:
        return str(TaskState.SCHEDULED)
    if entry.event in STATE_AFTER and not entry.error_class:
        return str(STATE_AFTER[entry.event])
    return str(task.state if task.state is TaskState.FAILED else TaskState.DLQ)


def queue_counts(depths: Iterable[QueueDepths]) -> dict[str, int]:
    """The seed's four queue depths."""
    each = list(depths)
    return {
        "primary": sum(one.primary for one in each),
        "retry": sum(one.retry for one in each),
        "scheduled": sum(one.states[TaskState.SCHEDULED] for one in each),
        "dlq": sum(one.states[TaskState.DLQ] for one in each),
    }


def state_counts(depths: Iterable[QueueDepths]) -> dict[str, int]:
    """Tasks in each state."""
    each = list(depths)
    return {str(state): sum(one.states[state] for one in each) for state in SHOWN_STATES}


def status(depths: list[QueueDepths]) -> dict[str, Any]:
    """The seed's QueueStatus, and each function's own."""
    return {
        "queues": queue_counts(depths),
        "states": state_counts(depths),
        "retry_ratio": retry_share(sum(one.retry for one in depths)),
        "functions": {one.function: function_depths(one) for one in depths},
    }


def function_depths(depths: QueueDepths) -> dict[str, Any]:
    """One function's depths."""
    return {
        "queues": queue_counts([depths]),
        "states": state_counts([depths]),
        "retry_ratio": retry_share(depths.retry),
        "paused": depths.paused,
        "oldest_pending_seconds": depths.oldest_pending_ms / 1000,
        "oldest_overdue_lease_seconds": depths.overdue_lease_ms / 1000,
        "next_due_seconds": None if depths.next_due_ms is None else depths.next_due_ms / 1000,
    }


def dlq_group(group: ErrorGroup) -> dict[str, Any]:
    """Dead letters that are alike."""
    return {
        "function": group.function,
        "error_class": group.error_class,
        "fingerprint": group.fingerprint,
        "count": group.count,
        "newest": [str(task_id) for task_id in group.newest],
        "last_error": group.error,
        "first_at": iso(group.first_ms),
        "last_at": iso(group.last_ms),
    }


def worker(info: WorkerInfo, *, stale_ms: int) -> dict[str, Any]:
    """The seed's worker detail and ours."""
    return {
        "worker_id": info.id,
        "worker_name": info.host or info.id,
        "status": worker_status(info, stale_ms=stale_ms),
        "function": info.function,
        "state": info.state,
        "heartbeat_age_seconds": info.age_ms / 1000,
        "started_at": iso_or_none(info.started_ms),
        "host": info.host,
        "pid": info.pid,
        "pod": info.pod or None,
        "version": info.version,
        "slots": info.slots,
        "active": info.active,
        "active_tasks": [f"{info.function}-{uuid}" for uuid in info.active_tasks],
        "completed": info.completed,
        "failed": info.failed,
        "stale_writes": info.stale_writes,
        "median_run_ms": info.p50_run_ms,
    }


def worker_status(info: WorkerInfo, *, stale_ms: int) -> str:
    """``healthy``, ``stale`` or ``no_heartbeat``."""
    if info.state == "lost":
        return "no_heartbeat"
    return "stale" if info.age_ms > stale_ms else "healthy"


def scaling_decision(record: DecisionRecord) -> dict[str, Any]:
    """A decision as every answer has it."""
    later_s = record.next_scale_down_s
    return {
        "at": iso(record.at_ms),
        "previous": record.previous,
        "replicas": record.replicas,
        "ready": record.ready,
        "reason": record.reason,
        "limited_by": record.limited_by,
        "acts": record.acts,
        "panic": record.panic,
        "inputs": dict(record.inputs),
        "candidates": [
            {"signal": one.signal, "replicas": one.replicas} for one in record.candidates
        ],
        "next_scale_down_at": None if later_s is None else iso(round(later_s * 1000)),
    }
