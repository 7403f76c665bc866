"""Which stored errors are alike: by class in each state, dead letters by the fingerprint of their message too.

Both stand in the lexical index of errors: ``DLQ:<class>:<time>:<uuid>`` and ``DLQ:<class>/<fingerprint>:<time>:<uuid>``.
No class has a ``/`` in it (``worker.settle`` sees to that), and it sorts before digits and ``:``, so that a class and its
fingerprints are ranges of their own.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.messages import ErrorGroup, ErrorGroups
from asynctaskflow.taskqueue.scripts import GROUP

MOST_GROUPS = 200


class RedisErrorGroups:
    """Counts of errors, without a look at each task."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def error_classes(self, function: str, state: TaskState) -> dict[str, int]:
        """Error class -> tasks in that state: one step over each class, not over each task."""
        found: dict[str, int] = {}
        index, start = keys.errors(function), f"[{state}:"
        with translated():
            while True:
                members = await self._client.zrangebylex(index, start, f"({state};", start=0, num=1)
                if not members:
                    return found
                name, slash, _ = members[0].decode().split(":")[1].partition("/")
                if slash:  # the class itself stands behind its fingerprints and before what sorts after them
                    start = f"[{state}:{name}0"
                    continue
                low, high = f"[{state}:{name}:", f"({state}:{name};"
                found[name] = int(await self._client.zlexcount(index, low, high))
                start = f"[{state}:{name};"

    async def error_groups(self, function: str, *, most: int = MOST_GROUPS) -> ErrorGroups:
        """Dead letters that are alike; see ``Reader.error_groups``.

        Raises:
            ValueError: ``most`` is out of range.
        """
        if not 1 <= most <= MOST_GROUPS:
            raise ValueError(f"most: expected 1 to {MOST_GROUPS}, got {most}")
        classes = list(await self.error_classes(function, TaskState.DLQ))
        with translated():
            replies = await asyncio.gather(
                *(
                    GROUP.run(self._client, function_keys(function), [name, most])
                    for name in classes
                )
            )
        groups = [
            _group(function, name, row)
            for name, (_, *rows) in zip(classes, replies, strict=True)
            for row in rows
        ]
        groups.sort(key=lambda one: (-one.count, one.error_class, one.fingerprint))
        total = sum(reply[0] for reply in replies)
        shown = tuple(groups[:most])
        more = max(0, total - sum(one.count for one in shown))
        return ErrorGroups(shown, total=total, more=more)


def _group(function: str, error_class: str, row: Sequence[Any]) -> ErrorGroup:
    fingerprint, count, message, oldest, *newest = row
    return ErrorGroup(
        function=function,
        error_class=error_class,
        fingerprint=fingerprint.decode(),
        count=count,
        newest=tuple(TaskId(function, entry.decode().partition(":")[2]) for entry in newest),
        error=message.decode(errors="replace"),
        first_ms=_time(oldest),
        last_ms=_time(newest[0]),
    )


def _time(entry: bytes) -> int:
    return int(entry.partition(b":")[0])
