"""All that Redis holds of one function, read in one go and without the code under test."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import redis

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskState

Client: TypeAlias = "redis.Redis | redis.RedisCluster"

PERSISTENT = (
    "function:",
    "dependency:",
    "circuit_breaker:",
    "rate_limit:",
    "tasks:",
    "dlq:",
    "workers:",
)
REGISTRIES = frozenset({keys.FUNCTIONS, keys.DEPENDENCIES})


@dataclass(frozen=True, slots=True)
class StoredTask:
    """One task's hash with its result and history."""

    state: str
    fields: Mapping[str, str]
    result: str | None = None
    history: tuple[Mapping[str, Any], ...] = ()

    def number(self, name: str) -> int:
        """A whole number, 0 if absent."""
        return int(float(self.fields.get(name) or 0))


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One entry of the event stream."""

    uuid: str
    kind: str
    old: str
    new: str
    attempt: int = 0
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen.

    Attributes:
        queued: uuids in the primary and retry lists, duplicates kept.
        indexes: state -> uuids in its index.
        errors: members of the error index.
        stray_keys: keys of this function that have neither an owner nor a lifetime.
        events_lost: stream entries that the stream's cap has cut off.
    """

    function: str
    tasks: Mapping[str, StoredTask] = field(default_factory=dict)
    queued: Sequence[str] = ()
    indexes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    all_index: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    stray_keys: tuple[str, ...] = ()
    events: tuple[StoredEvent, ...] = ()
    events_lost: int = 0

    def index_of(self, uuid: str) -> list[str]:
        """The states in whose index the task stands."""
        return [state for state, members in self.indexes.items() if uuid in members]


def take_snapshot(client: Client, function: str) -> Snapshot:
    """Read everything; the client decodes replies to text. Not atomic: take it when nothing runs."""
    ask: Any = client
    names = list(ask.scan_iter(match=f"*{{{function}}}*", count=1000))
    prefix = keys.task(function, "")
    uuids = {name[len(prefix) :][:36] for name in names if name.startswith(prefix)}
    events = keys.events(function)
    rows = ask.xrange(events)
    added = ask.xinfo_stream(events)["entries-added"] if rows else 0
    return Snapshot(
        function=function,
        tasks=_tasks(client, function, sorted(uuids)),
        queued=[
            *ask.lrange(keys.primary(function), 0, -1),
            *ask.lrange(keys.retry(function), 0, -1),
        ],
        indexes={
            state: frozenset(ask.zrange(keys.state_index(function, state), 0, -1))
            for state in TaskState
        },
        all_index=frozenset(ask.zrange(keys.all_index(function), 0, -1)),
        errors=frozenset(ask.zrange(keys.errors(function), 0, -1)),
        stray_keys=tuple(name for name in names if _is_stray(client, name, prefix)),
        events=tuple(event for _, row in rows for event in _events(row)),
        events_lost=added - len(rows),
    )


def _tasks(client: Client, function: str, uuids: Sequence[str]) -> dict[str, StoredTask]:
    pipe: Any = client.pipeline(transaction=False)
    for uuid in uuids:
        pipe.hgetall(keys.task(function, uuid))
        pipe.get(keys.task_result(function, uuid))
    replies = pipe.execute(raise_on_error=False)
    return {
        uuid: _stored(found, result)
        for uuid, found, result in zip(uuids, replies[::2], replies[1::2], strict=True)
        if isinstance(found, dict) and found
    }


def _stored(found: dict[str, str], result: str | None) -> StoredTask:
    lines = found.get("history", "").splitlines()
    history = tuple(json.loads(line) for line in lines)
    return StoredTask(found.get("state", ""), found, result, history)


def _events(row: Mapping[str, str]) -> Iterator[StoredEvent]:
    """A stream entry holds one line a transition: kind uuid old new attempt worker class, ``-`` for none."""
    for line in row.get("t", "").splitlines():
        kind, uuid, old, new, attempt, worker, _ = (
            "" if word == "-" else word for word in line.split(" ")
        )
        yield StoredEvent(uuid, kind, old, new, int(attempt or 0), worker)


def _is_stray(client: Client, name: str, task_prefix: str) -> bool:
    """A part of a task needs the task's hash; everything unknown needs a lifetime."""
    if name.startswith(task_prefix):
        owner = name[: len(task_prefix) + 36]
        return name != owner and not client.exists(owner)
    if name in REGISTRIES or name.startswith(PERSISTENT):
        return False
    return bool(client.ttl(name) == -1)
