"""What a worker and its child processes say to each other: short frames over a socket pair.

A frame is one letter, the length of the body in four bytes, and the body.
"""

import struct
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import orjson

from asynctaskflow.errors import InputRejected, NotNow, Permanent, Retryable, TaskError
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import Claimed

HEADER = struct.Struct(">cI")


class Kind(bytes, Enum):
    """The letters."""

    TASK = b"T"
    PROGRESS = b"P"
    RESULT = b"R"
    ERROR = b"E"


@dataclass(frozen=True, slots=True)
class ToldError:
    """A handler's exception, as far as its settlement needs it.

    Attributes:
        kind: name of the SDK's class, or empty for any other exception.
        name: slug that a foreign exception is classed by.
    """

    kind: str
    message: str
    name: str
    delay_s: float | None = None
    reason: str = ""
    provider_fault: bool = False


def pack(kind: Kind, body: bytes) -> bytes:
    """One frame."""
    return HEADER.pack(kind, len(body)) + body


def task_body(task: Claimed, given: bytes, *, remaining_s: float) -> bytes:
    """A task for a child; its time is relative, because clocks are not shared."""
    facts = {"uuid": task.id.uuid, "function": task.id.function, "remaining_s": remaining_s}
    told = {"attempt": task.attempt, "traceparent": task.traceparent}
    return orjson.dumps({**facts, **told, "input": orjson.Fragment(given)})


def read_task(body: bytes) -> tuple[Claimed, bytes, float]:
    """(task, input as JSON, seconds left)."""
    told = orjson.loads(body)
    task = Claimed(
        id=TaskId(told["function"], told["uuid"]),
        lease="",
        attempt=told["attempt"],
        failures=0,
        deliveries=0,
        max_attempts=0,
        created_ms=0,
        input=b"",
        input_ref="",
        traceparent=told["traceparent"],
    )
    return task, orjson.dumps(told["input"]), told["remaining_s"]


def error_body(error: BaseException, name: str) -> bytes:
    """What the parent needs to raise the like."""
    match error:
        case NotNow():
            told = ToldError("NotNow", str(error), name, delay_s=error.delay_s, reason=error.reason)
        case TaskError():
            kind = next(
                (known for known in _KINDS if isinstance(error, _KINDS[known])), "Retryable"
            )
            delay_s = error.delay_s if isinstance(error, Retryable) else None
            told = ToldError(
                kind,
                str(error),
                error.error_class,
                delay_s=delay_s,
                provider_fault=error.provider_fault,
            )
        case _:
            text = str(error)
            kind_of = type(error).__name__
            told = ToldError("", f"{kind_of}: {text}" if text else kind_of, name)
    return orjson.dumps(asdict(told))


def read_error(body: bytes) -> TaskError | NotNow:
    """The like of what the child's handler raised."""
    told: dict[str, Any] = orjson.loads(body)
    if told["kind"] == "NotNow":
        return NotNow(told["message"], reason=told["reason"], delay_s=told["delay_s"])
    if told["kind"] in ("InputRejected", "Permanent"):
        return _KINDS[told["kind"]](
            told["message"], error_class=told["name"], provider_fault=told["provider_fault"]
        )
    return Retryable(
        told["message"],
        delay_s=told["delay_s"],
        error_class=told["name"],
        provider_fault=told["provider_fault"],
    )


_KINDS: dict[str, type[TaskError]] = {
    "InputRejected": InputRejected,
    "Permanent": Permanent,
    "Retryable": Retryable,
}
