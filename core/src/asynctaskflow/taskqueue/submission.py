"""What goes into the enqueue script and what comes out, for every client that accepts tasks.

Pure but for the new ids; sends nothing. An id is chosen before the first byte is sent, so that a call whose answer was
lost can be sent again.
"""

from collections.abc import Sequence

import orjson
from uuid_utils import uuid7

from asynctaskflow.errors import IdempotencyConflict, QueueFull
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.store.lane import Call
from asynctaskflow.store.scripts import Argument
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.messages import Accepted, NewTask
from asynctaskflow.taskqueue.records import checksum, digest
from asynctaskflow.taskqueue.scripts import ENQUEUE

BATCH = 200
IN_FLIGHT = 2
DAY_MS = 86_400_000

Outcome = Accepted | Exception
Named = tuple[NewTask, str]
Reply = int | tuple[int, bytes, bytes]

_STATES = {state.encode(): state for state in TaskState}


def named(new: NewTask) -> Named:
    """The task and its uuid: the caller's own or a new one."""
    return new, new.uuid or str(uuid7())


def by_function(batch: Sequence[Named]) -> dict[str, list[int]]:
    """Function -> positions of its tasks: one script call is about one function."""
    found: dict[str, list[int]] = {}
    for position, (new, _) in enumerate(batch):
        found.setdefault(new.function, []).append(position)
    return found


def call(function: str, batch: Sequence[Named], *, idempotency_ms: int) -> Call:
    """The script call that stores these tasks of one function.

    Its keys name the hashes that are not there yet: a cluster whose slot is on the move refuses such a call before
    its first write, not in the middle.
    """
    prefix = keys.task(function, "")
    script_keys = [*function_keys(function), *[prefix + uuid for _, uuid in batch]]
    args: list[Argument] = [idempotency_ms]
    for new, _ in batch:
        options = _options(new)
        args += (new.input, checksum(new.input or new.input_ref.encode()), options)
        if options and new.idempotency_key:
            script_keys.append(keys.idempotency(function, digest(new.idempotency_key.encode())))
    return Call(ENQUEUE, script_keys, args)


def outcomes(function: str, batch: Sequence[Named], replies: Sequence[Reply]) -> list[Outcome]:
    """One for each task, in order."""
    created, pending = Code.CREATED.value, TaskState.PENDING
    return [
        Accepted(TaskId(function, one[1]), pending, True)  # noqa: FBT003 - 200 of them a call; by name they take longer
        if reply == created
        else _outcome(function, one, reply)
        for one, reply in zip(batch, replies, strict=True)
    ]


def _options(new: NewTask) -> bytes:
    """What few tasks have, as the JSON object that ``enqueue.lua`` describes; empty for all others."""
    if not (
        new.delay_s
        or new.max_age_s
        or new.max_attempts
        or new.idempotency_key
        or new.traceparent
        or new.input_ref
        or new.resource
    ):
        return b""
    fields = {
        "max_attempts": str(new.max_attempts) if new.max_attempts else "",
        "input_ref": new.input_ref,
        "traceparent": new.traceparent,
        "resource": new.resource,
    }
    return orjson.dumps(
        {
            "delay": max(0, round(new.delay_s * 1000)),
            "max_age": max(0, round(new.max_age_s * 1000)),
            "keyed": bool(new.idempotency_key),
            "fields": [word for pair in fields.items() if pair[1] for word in pair],
        }
    )


def _outcome(function: str, one: Named, reply: Reply) -> Outcome:
    code, uuid, state = reply if isinstance(reply, (list, tuple)) else (reply, b"", b"")
    if code == Code.CONFLICT:
        return IdempotencyConflict("idempotency key: already used with another input")
    if code == Code.FULL:
        return QueueFull(f"function {function}: the queue is at its maximum depth")
    found = uuid.decode()
    created = code == Code.CREATED or _ours(one, found)
    return Accepted(TaskId(function, found), _STATES[state], created)


def _ours(one: Named, found: str) -> bool:
    """A resent command finds the task that its first copy stored: to the caller that is a new task."""
    new, uuid = one
    return not new.idempotency_key and found == uuid
