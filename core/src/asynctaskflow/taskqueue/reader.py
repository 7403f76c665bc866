"""Looks at tasks, queues and events; changes nothing.

What callers wait for (a task that has ended, the depths, the next events) goes over lanes; the rest, and everything on
Redis Cluster, over the client.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asynctaskflow.errors import TaskNotFound
from asynctaskflow.model import keys
from asynctaskflow.model.ended import LETTERS, Ended, added, window
from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.lane import open_lane
from asynctaskflow.store.scripts import Argument
from asynctaskflow.taskqueue.listing import RedisListing
from asynctaskflow.taskqueue.messages import Event, EventPage, QueueDepths
from asynctaskflow.taskqueue.place import Place
from asynctaskflow.taskqueue.recent import Entry, Read, Recent
from asynctaskflow.taskqueue.records import events, mapping, task

COUNTED = tuple(TaskState)
FIRST = (TaskState.PENDING, TaskState.ACTIVE, TaskState.SCHEDULED)
FUNCTIONS_AT_ONCE = 100


class RedisReader(RedisListing):
    """``Reader`` over Redis.

    Args:
        blocking: a client without a socket deadline, for ``events``; the plain one if absent.
    """

    def __init__(self, client: AsyncRedis, *, blocking: AsyncRedis | None = None) -> None:
        """Nothing is sent yet."""
        super().__init__(client)
        self._blocking = blocking or client
        self._questions = open_lane(client, blocking=blocking)
        self._streams = open_lane(client, blocking=blocking)

    async def get(self, task_id: TaskId) -> Task:
        """One task; see ``Reader.get``."""
        found = await self.tasks([task_id])
        if not found:
            raise TaskNotFound(f"task {task_id}: not found")
        return found[0]

    async def input(self, task_id: TaskId) -> bytes:
        """The task's input, JSON bytes."""
        with translated():
            return await self._client.get(keys.task_input(task_id.function, task_id.uuid)) or b""

    async def result(self, task_id: TaskId) -> bytes:
        """The task's result, JSON bytes."""
        with translated():
            return await self._client.get(keys.task_result(task_id.function, task_id.uuid)) or b""

    async def whole(self, task_id: TaskId) -> tuple[Task, bytes, bytes]:
        """The task, its input and, once it is COMPLETED, its result, in one round trip.

        Raises:
            TaskNotFound
        """
        key = keys.task(task_id.function, task_id.uuid)
        active = keys.state_index(task_id.function, TaskState.ACTIVE)
        fields, deadline, given, result = await self._ask(
            [
                ("HGETALL", key),
                ("ZSCORE", active, task_id.uuid),
                ("GET", keys.task_input(task_id.function, task_id.uuid)),
                ("GET", keys.task_result(task_id.function, task_id.uuid)),
            ]
        )
        if not fields:
            raise TaskNotFound(f"task {task_id}: not found")
        found = task(task_id, mapping(fields), lease_ms=int(float(deadline or 0)))
        # Redis may settle the task between the two reads: then the result is not this record's.
        return found, given or b"", (result or b"") if found.state is TaskState.COMPLETED else b""

    async def _ask(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Replies as Redis gave them."""
        with translated():
            if self._questions is not None:
                return await self._questions.ask(commands)
            pipe = self._client.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            return list(await pipe.execute())

    async def _ask_now(self, commands: Sequence[Sequence[Argument]]) -> tuple[int, list[Any]]:
        """Redis' time in ms and the replies; only a cluster, where no node's clock is the clock, is asked twice."""
        if self._questions is not None:
            time, *replies = await self._ask([("TIME",), *commands])
        else:
            with translated():
                time = await self._client.time()
            replies = await self._ask(commands)
        seconds, micros = map(int, time)
        return seconds * 1000 + micros // 1000, replies

    async def depths(self, function: str) -> QueueDepths:
        """Depths and counts in one round trip."""
        return (await self.all_depths([function]))[0]

    async def all_depths(self, functions: list[str]) -> list[QueueDepths]:
        """Depths of several functions in one round trip."""
        if not functions:
            return []
        commands = [command for function in functions for command in _depth_commands(function)]
        now_ms, replies = await self._ask_now(commands)
        size = len(replies) // len(functions)
        return [
            _depths(function, replies[size * position : size * (position + 1)], now_ms)
            for position, function in enumerate(functions)
        ]

    async def ended(self, functions: Sequence[str], *, minutes: int) -> Ended:
        """How many tasks of these functions ended in each step of the last minutes; see ``model.ended.window``."""
        now_ms, _ = await self._ask_now([])
        seen = window(minutes, now_ms=now_ms)
        sums = {state: [0] * seen.steps for state in LETTERS}
        # In parts, so that neither the lane nor this process is held up by all functions at once.
        for first in range(0, len(functions), FUNCTIONS_AT_ONCE):
            part = [
                (number, keys.ended(function, seen.grain, number))
                for function in functions[first : first + FUNCTIONS_AT_ONCE]
                for number in seen.hashes
            ]
            replies = await self._ask([("HGETALL", key) for _, key in part])
            hashes = (
                (number, mapping(one)) for (number, _), one in zip(part, replies, strict=True)
            )
            for state, counts in added(seen, hashes).items():
                sums[state] = [one + more for one, more in zip(sums[state], counts, strict=True)]
        return Ended(seen, sums)

    async def stirring(self, functions: list[str]) -> frozenset[str]:
        """Those with a task that waits, is scheduled or runs; one command each, for the many that have none."""
        if not functions:
            return frozenset()
        replies = await self._ask([("EXISTS", *_live_keys(function)) for function in functions])
        return frozenset(name for name, found in zip(functions, replies, strict=True) if found)

    async def queued_ids(self, function: str, queue: str, *, limit: int) -> list[str]:
        """Ids at the head of a queue; see ``Reader.queued_ids``.

        Raises:
            ValueError: no such queue.
        """
        with translated():
            match queue:
                case "primary":
                    found = await self._client.lrange(keys.primary(function), 0, limit - 1)
                case "retry":
                    found = await self._client.lrange(keys.retry(function), 0, limit - 1)
                case "scheduled":
                    index = keys.state_index(function, TaskState.SCHEDULED)
                    found = await self._client.zrange(index, 0, limit - 1)
                case "dlq":
                    index = keys.state_index(function, TaskState.DLQ)
                    found = await self._client.zrevrange(index, 0, limit - 1)
                case _:
                    raise ValueError("queue: expected primary, retry, scheduled or dlq")
        return [str(TaskId(function, uuid.decode())) for uuid in found]

    async def events(self, after: Mapping[str, str], *, block_ms: int, limit: int) -> list[Event]:
        """Events after the given ids; see ``Reader.events``."""
        if not after:
            return []
        if self._streams is None:
            with translated():
                return await self._cluster_events(after, block_ms=block_ms, limit=limit)
        names = [keys.events(function) for function in after]
        words: list[Argument] = ["XREAD", "COUNT", limit, "BLOCK", block_ms, "STREAMS"]
        words += [*names, *after.values()]
        with translated():
            (reply,) = await self._streams.run_after(words, wait_s=block_ms / 1000)
        return _events(reply, after)

    async def past_events(self, after: Mapping[str, str], *, limit: int) -> list[Event]:
        """Events after the given ids that are there already; it never stands in line behind ``events``."""
        names = list(after)
        replies = await self._ask(
            [("XREAD", "COUNT", limit, "STREAMS", keys.events(name), after[name]) for name in names]
        )
        found = [one for reply in replies for one in _events(reply, after)]
        return sorted(found, key=lambda one: one.at_ms)

    async def recent_events(
        self,
        functions: Sequence[str],
        *,
        limit: int,
        before: str = "",
        accepts: Callable[[Event], bool] = lambda _: True,
    ) -> EventPage:
        """The newest events that are kept, newest first; ``recent`` says what that costs at most.

        Args:
            limit: most events; fewer may come, and still a cursor.
            before: an event's id or a cursor: only what is older.

        Raises:
            ValueError: bad ``before``.
        """
        found = Recent(
            functions, limit=limit, before=Place.parse(before) if before else None, accepts=accepts
        )
        heads = found.heads()
        found.meet(list(zip(heads, await self._read_back(heads), strict=True)))
        while reads := found.next_reads():
            for read, entries in zip(reads, await self._read_back(reads), strict=True):
                found.take(read, entries)
        return found.page()

    async def _read_back(self, reads: Sequence[Read]) -> list[list[Entry]]:
        """Not over the lane: a long answer must not keep those waiting who ask for a task."""
        pipe = self._client.pipeline(transaction=False)
        for read in reads:
            pipe.xrevrange(keys.events(read.function), max=read.end, count=read.count)
        with translated():
            return list(await pipe.execute())

    async def _cluster_events(
        self, after: Mapping[str, str], *, block_ms: int, limit: int
    ) -> list[Event]:
        """Streams of different slots cannot share a command: one blocking read each, first answer wins."""

        async def read(function: str, last: str) -> list[Event]:
            reply = await self._blocking.xread(
                {keys.events(function): last}, count=limit, block=block_ms
            )
            return _events(reply, {function: last})

        reads = [asyncio.ensure_future(read(function, last)) for function, last in after.items()]
        try:
            done, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in reads:
                one.cancel()
        return [found for one in done for found in one.result()]

    async def last_event_id(self, function: str) -> str:
        """Id of the newest event, ``0-0`` if there is none: where a new reader starts without a gap."""
        with translated():
            newest = await self._client.xrevrange(keys.events(function), count=1)
        return newest[0][0].decode() if newest else "0-0"

    async def first_event_id(self, function: str) -> str:
        """Id of the oldest event still kept, ``0-0`` if there is none."""
        with translated():
            oldest = await self._client.xrange(keys.events(function), count=1)
        return oldest[0][0].decode() if oldest else "0-0"


def _live_keys(function: str) -> tuple[str, ...]:
    """What holds unfinished tasks; Redis removes each of them when it is empty."""
    scheduled, active = TaskState.SCHEDULED, TaskState.ACTIVE
    return (
        keys.primary(function),
        keys.retry(function),
        keys.state_index(function, scheduled),
        keys.state_index(function, active),
    )


def _depth_commands(function: str) -> list[Sequence[Argument]]:
    """In the order in which ``_depths`` takes their replies."""
    return [
        ("LLEN", keys.primary(function)),
        ("LLEN", keys.retry(function)),
        ("HGET", keys.function(function), "paused"),
        *(("ZRANGE", keys.state_index(function, one), 0, 0, "WITHSCORES") for one in FIRST),
        *(("ZCARD", keys.state_index(function, one)) for one in COUNTED),
    ]


def _depths(function: str, replies: list[Any], now_ms: int) -> QueueDepths:
    primary, retry, paused, oldest, first_lease, first_due, *counts = replies
    overdue = now_ms - _score(first_lease) if first_lease else 0
    return QueueDepths(
        function=function,
        primary=primary,
        retry=retry,
        states=dict(zip(COUNTED, counts, strict=True)),
        paused=paused == b"1",
        oldest_pending_ms=max(0, now_ms - _score(oldest)) if oldest else 0,
        overdue_lease_ms=max(0, overdue),
        next_due_ms=max(0, _score(first_due) - now_ms) if first_due else None,
        now_ms=now_ms,
    )


def _score(entries: list[Any]) -> int:
    """Of the first entry, which RESP3 gives as a pair and RESP2 as two in a row."""
    return int(float(entries[0][1] if isinstance(entries[0], list | tuple) else entries[1]))


def _events(reply: Any, after: Mapping[str, str]) -> list[Event]:
    if not reply:
        return []
    names = {keys.events(function).encode(): function for function in after}
    found: list[Event] = []
    for name, batches in reply.items() if isinstance(reply, Mapping) else reply:
        function = names[name]
        before = after[function]
        for stream_id, fields in _entries(batches):
            found += events(function, stream_id, mapping(fields), before=before)
            before = stream_id.decode()
    return sorted(found, key=lambda one: one.at_ms)


def _entries(batches: list[Any]) -> list[Any]:
    """The client wraps a stream's entries in one more list with RESP3; each entry begins with its id."""
    if batches and not isinstance(batches[0][0], bytes):
        return [entry for batch in batches for entry in batch]
    return batches
