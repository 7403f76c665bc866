"""Redis replies to values and back. Pure: reads nothing, decides nothing.

Redis content is untrusted input: a damaged field gives its default, never an exception that would hide
the rest of a page.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from asynctaskflow.model.task import TERMINAL, Attempt, Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import Event, WorkerInfo
from asynctaskflow.taskqueue.place import Place

Fields = Mapping[bytes, bytes]
EVENT_PARTS = 7
CHECKSUM_CHARS = 43


def digest(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal characters, for names and fingerprints."""
    return sha256(data).hexdigest()


def checksum(data: bytes) -> str:
    """SHA-256 in 43 characters, as it is stored: the append-only file carries no checksum of its own."""
    return urlsafe_b64encode(sha256(data).digest())[:CHECKSUM_CHARS].decode()


def hexadecimal(stored: str) -> str:
    """A stored checksum as people compare it; empty if there is none or it is damaged."""
    try:
        return urlsafe_b64decode(stored + "=").hex() if len(stored) == CHECKSUM_CHARS else ""
    except ValueError:
        return ""


def text(fields: Fields, name: str) -> str:
    """A text field, empty if absent."""
    return fields.get(name.encode(), b"").decode(errors="replace")


def number(fields: Fields, name: str) -> int:
    """A whole number, 0 if absent or damaged."""
    raw = fields.get(name.encode(), b"0")
    try:
        return int(float(raw))
    except (ValueError, OverflowError):
        return 0


def fraction(fields: Fields, name: str) -> float:
    """A real number, 0.0 if absent or damaged."""
    try:
        return float(fields.get(name.encode(), b"0"))
    except ValueError:
        return 0.0


def task_state(fields: Fields) -> TaskState:
    """The state; a record without a legal one is treated as dead-lettered."""
    raw = text(fields, "state")
    return TaskState(raw) if raw in TaskState.__members__ else TaskState.DLQ


def task(task_id: TaskId, fields: Fields, *, lease_ms: int = 0) -> Task:
    """A task's hash as a value; ``lease_ms`` comes from the active set."""
    state, created_ms = task_state(fields), number(fields, "created")
    updated_ms = number(fields, "updated") or created_ms
    return Task(
        id=task_id,
        state=state,
        created_ms=created_ms,
        updated_ms=updated_ms,
        started_ms=number(fields, "started"),
        finished_ms=updated_ms if state in TERMINAL else 0,
        due_ms=number(fields, "due"),
        lease_ms=lease_ms,
        expires_ms=number(fields, "expires"),
        attempt=number(fields, "attempt"),
        failures=number(fields, "failures"),
        deliveries=number(fields, "deliveries"),
        max_attempts=number(fields, "max_attempts"),
        worker=text(fields, "worker"),
        error=text(fields, "error"),
        error_class=text(fields, "error_class"),
        fingerprint=text(fields, "fingerprint") if state is TaskState.DLQ else "",
        progress=fraction(fields, "progress"),
        note=text(fields, "note"),
        input_bytes=number(fields, "input_bytes"),
        input_sha256=hexadecimal(text(fields, "input_sha256")),
        input_ref=text(fields, "input_ref"),
        result_bytes=number(fields, "result_bytes"),
        result_sha256=hexadecimal(text(fields, "result_sha256")),
        result_ref=text(fields, "result_ref"),
        traceparent=text(fields, "traceparent"),
        resource=text(fields, "resource"),
        redrives=number(fields, "redrives"),
        history=history(fields.get(b"history", b"")),
    )


def history(raw: bytes) -> tuple[Attempt, ...]:
    """The JSON lines of the history field; unreadable lines are left out."""
    entries = (_attempt(line) for line in raw.splitlines())
    return tuple(entry for entry in entries if entry is not None)


def _attempt(line: bytes) -> Attempt | None:
    try:
        entry = orjson.loads(line)
        return Attempt(
            at_ms=int(entry["at"]),
            event=str(entry["event"]),
            attempt=int(entry.get("attempt") or 0),
            worker=str(entry.get("worker") or ""),
            error_class=str(entry.get("class") or ""),
            message=str(entry.get("message") or ""),
            next_ms=int(entry.get("next") or 0),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def events(function: str, stream_id: bytes, fields: Fields, *, before: str) -> list[Event]:
    """The events of one stream entry, which several tasks may share.

    Only the last one carries the entry's id: who has seen less resumes after ``before`` and sees some
    events again, but misses none.
    """
    lines = fields.get(b"t", b"").decode(errors="replace").splitlines()
    rows = [row for row in (line.split(" ") for line in lines) if len(row) == EVENT_PARTS]
    entry = Place.of(function, stream_id, 0)
    return [
        _event(
            ["" if part == "-" else part for part in row],
            fields,
            place=Place(entry.at_ms, entry.number, function, number),
            resume=stream_id.decode() if number == len(rows) else before,
        )
        for number, row in enumerate(rows, start=1)
    ]


def _event(row: Sequence[str], fields: Fields, *, place: Place, resume: str) -> Event:
    kind, uuid, old, new, attempt, worker_id, error_class = row
    return Event(
        stream_id=resume,
        function=place.function,
        uuid=uuid,
        kind=kind,
        old=old,
        new=new,
        at_ms=place.at_ms,
        attempt=int(attempt) if attempt.isdigit() else 0,
        worker=worker_id,
        error_class=error_class,
        progress=fraction(fields, "progress"),
        note=text(fields, "note"),
        id=str(place),
    )


def worker(
    function: str, worker_id: str, fields: Fields, *, now_ms: int, marked: bool = False
) -> WorkerInfo:
    """A worker's record; an absent one (its lifetime ran out) is state ``lost``.

    Args:
        marked: it is draining, whether or not it has noticed.
    """
    seen = number(fields, "seen")
    state = text(fields, "state")
    return WorkerInfo(
        id=worker_id,
        function=function,
        state="draining" if state and marked else state or "lost",
        age_ms=max(0, now_ms - seen) if seen else 0,
        started_ms=number(fields, "started"),
        host=text(fields, "host"),
        pid=number(fields, "pid"),
        pod=text(fields, "pod"),
        version=text(fields, "version"),
        slots=number(fields, "slots"),
        active=number(fields, "active"),
        completed=number(fields, "completed"),
        failed=number(fields, "failed"),
        stale_writes=number(fields, "stale_writes"),
        p50_run_ms=fraction(fields, "p50_run_ms"),
        active_tasks=tuple(text(fields, "active_tasks").split()),
    )


def mapping(reply: Any) -> dict[bytes, bytes]:
    """An HGETALL or stream reply as a dict, whatever the protocol version gave."""
    if isinstance(reply, Mapping):
        return dict(reply)
    pairs = list(reply or ())
    return dict(zip(pairs[::2], pairs[1::2], strict=True))
