"""Listing and counting tasks, newest first, from indexes: no cost grows with the number of stored tasks.

Each filter is one range of one index; an id prefix combined with others looks at most at ``SCAN``
entries for a page, which may therefore be short and still go on. Running tasks are indexed by the end of their
lease, which every renewal moves: they are put in order of creation here, so that paging skips none.

Warning: of more than ``RUNNING`` running tasks of one function, those with the freshest leases are listed.
"""

from collections.abc import Sequence

from asynctaskflow.model import keys
from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.store.connection import translated
from asynctaskflow.taskqueue.cursor import Cursor
from asynctaskflow.taskqueue.error_groups import RedisErrorGroups
from asynctaskflow.taskqueue.messages import Page, TaskFilter
from asynctaskflow.taskqueue.records import mapping, task

SCAN = 1000
TIES = 1000
RUNNING = 10_000
TIME_HEX = 12
Entry = tuple[str, float]


class RedisListing(RedisErrorGroups):
    """Pages of tasks."""

    async def list_tasks(self, where: TaskFilter, *, limit: int, cursor: str = "") -> Page:
        """One page; see ``Reader.list_tasks``.

        Raises:
            ValueError: bad cursor, limit, or combination of filters.
        """
        if not 1 <= limit <= SCAN:
            raise ValueError(f"limit: expected 1 to {SCAN}, got {limit}")
        after = Cursor.parse(cursor) if cursor else None
        with translated():
            if where.error_class:
                return await self._by_error(where, limit, after)
            if where.id_prefix:
                return await self._by_prefix(where, limit, after)
            if where.state is TaskState.ACTIVE:
                entries = [one for one in await self._running(where) if _is_after(one, after)]
            else:
                entries = await self._range(_index(where), _bounds(where), limit, after)
            return await self._page(where.function, entries[:limit], limit)

    async def entries(self, where: TaskFilter, *, first: int, limit: int) -> list[Entry]:
        """Uuids and index scores from number ``first`` (from 0) on; what stands before is not read.

        Raises:
            ValueError: with an id prefix nothing is numbered.
        """
        if where.id_prefix:
            raise ValueError("id prefix: its pages have no numbers")
        with translated():
            if where.error_class:
                return await self._ranked_errors(where, first, limit)
            if where.state is TaskState.ACTIVE:
                return (await self._running(where))[first : first + limit]
            index = _index(where)
            if where.until_ms:
                first += int(await self._client.zcount(index, where.until_ms, "+inf"))
            found = await self._client.zrevrange(index, first, first + limit - 1, withscores=True)
        return [(uuid.decode(), score) for uuid, score in found if score >= where.since_ms]

    async def count(self, where: TaskFilter) -> int:
        """How many match; see ``Reader.count``. With an id prefix and more: up to ``SCAN`` are counted."""
        low, high = _bounds(where)
        with translated():
            if where.error_class:
                start, end = _error_range(where)
                return int(await self._client.zlexcount(keys.errors(where.function), start, end))
            if where.id_prefix:
                return await self._count_prefix(where)
            if where.state is TaskState.ACTIVE and (where.since_ms or where.until_ms):
                return len(await self._running(where))
            return int(await self._client.zcount(_index(where), low, high))

    async def tasks(self, task_ids: Sequence[TaskId]) -> list[Task]:
        """The records of these tasks, in order; those that are gone are left out."""
        if not task_ids:
            return []
        pipe = self._client.pipeline(transaction=False)
        for task_id in task_ids:
            pipe.hgetall(keys.task(task_id.function, task_id.uuid))
            pipe.zscore(keys.state_index(task_id.function, TaskState.ACTIVE), task_id.uuid)
        with translated():
            replies = await pipe.execute()
        return [
            task(task_id, mapping(fields), lease_ms=int(deadline or 0))
            for task_id, fields, deadline in zip(task_ids, replies[::2], replies[1::2], strict=True)
            if fields
        ]

    async def _running(self, where: TaskFilter) -> list[Entry]:
        """All running tasks that match, by creation; one command, and one more for ids that tell no time."""
        found = await self._client.zrevrange(_index(where), 0, RUNNING - 1)
        uuids = [uuid.decode() for uuid in found]
        born: dict[str, float] = {uuid: version7_ms(uuid) for uuid in uuids}
        foreign = [uuid for uuid in uuids if not born[uuid]]
        if foreign:
            pipe = self._client.pipeline(transaction=False)
            for uuid in foreign:
                pipe.hget(keys.task(where.function, uuid), "created")
            born |= zip(foreign, map(_time, await pipe.execute()), strict=True)
        matching = [
            (uuid, at)
            for uuid, at in born.items()
            if where.since_ms <= at and (not where.until_ms or at < where.until_ms)
        ]
        return sorted(matching, key=lambda entry: (entry[1], entry[0]), reverse=True)

    async def _page(self, function: str, entries: Sequence[Entry], limit: int) -> Page:
        tasks = await self.tasks([TaskId(function, uuid) for uuid, _ in entries])
        more = len(entries) == limit
        return Page(tuple(tasks), str(Cursor(entries[-1][1], entries[-1][0])) if more else "")

    async def _range(
        self, index: str, bounds: tuple[str, str], limit: int, after: Cursor | None
    ) -> list[Entry]:
        """At most ``limit`` entries below the cursor, by descending score and then member."""
        low, high = bounds
        ties: list[Entry] = []
        if after:
            ties = await self._ties(index, after)
            high = f"({after.score:.0f}"
        found = await self._client.zrevrangebyscore(
            index, high, low, start=0, num=limit, withscores=True
        )
        return (ties + [(uuid.decode(), score) for uuid, score in found])[:limit]

    async def _ties(self, index: str, after: Cursor) -> list[Entry]:
        """Entries of the cursor's own millisecond that were not given out (a bulk shares one)."""
        score = f"{after.score:.0f}"
        rank = await self._client.zrevrank(index, after.member)
        total = await self._client.zcount(index, score, score)
        if rank is not None and await self._client.zscore(index, after.member) == after.score:
            above = await self._client.zcount(index, f"({score}", "+inf")
            left = above + total - rank - 1
            if left <= 0:
                return []
            stop = rank + min(left, TIES)
            found = await self._client.zrevrange(index, rank + 1, stop, withscores=True)
        else:
            found = await self._client.zrevrangebyscore(
                index, score, score, start=0, num=TIES, withscores=True
            )
        entries = [(uuid.decode(), value) for uuid, value in found]
        return [entry for entry in entries if entry[0] < after.member]

    async def _by_error(self, where: TaskFilter, limit: int, after: Cursor | None) -> Page:
        low, high = _error_range(where)
        if after:
            high = f"({where.state}:{where.error_class}:{after.score:014.0f}:{after.member}"
        members = await self._client.zrevrangebylex(
            keys.errors(where.function), high, low, start=0, num=limit
        )
        return await self._page(where.function, _error_entries(members), limit)

    async def _ranked_errors(self, where: TaskFilter, first: int, limit: int) -> list[Entry]:
        """As ``entries``: all scores are 0, so that ranks follow the spelling."""
        low, high = _error_range(where)
        index = keys.errors(where.function)
        first += int(await self._client.zlexcount(index, f"[{high[1:]}", "+"))
        members = await self._client.zrevrange(index, first, first + limit - 1)
        return _error_entries([one for one in members if one >= low[1:].encode()])

    async def _by_prefix(self, where: TaskFilter, limit: int, after: Cursor | None) -> Page:
        """Version 7 ids by the time that they begin with, then ids of other versions by spelling."""
        entries = await self._range(
            keys.all_index(where.function), _prefix_bounds(where.id_prefix), SCAN, after
        )
        foreign = [] if len(entries) == SCAN or after else await self._foreign(where)
        candidates = [uuid for uuid, _ in [*entries, *foreign] if uuid.startswith(where.id_prefix)]
        unique = list(dict.fromkeys(candidates))
        tasks = await self.tasks([TaskId(where.function, uuid) for uuid in unique])
        matching = [one for one in tasks if _matches(where, one)]
        if len(matching) > limit:
            last = matching[limit - 1]
            return Page(tuple(matching[:limit]), str(Cursor(_born(last), last.id.uuid)))
        cursor = str(Cursor(entries[-1][1], entries[-1][0])) if len(entries) == SCAN else ""
        return Page(tuple(matching), cursor)

    async def _foreign(self, where: TaskFilter) -> list[Entry]:
        prefix = where.id_prefix
        found = await self._client.zrangebylex(
            keys.foreign_ids(where.function), f"[{prefix}", f"[{prefix}~", start=0, num=SCAN
        )
        return [(uuid.decode(), 0.0) for uuid in found]

    async def _count_prefix(self, where: TaskFilter) -> int:
        prefix = where.id_prefix
        plain = len(prefix.replace("-", "")) <= TIME_HEX
        if plain and where.state is None and not where.since_ms and not where.until_ms:
            low, high = _prefix_bounds(prefix)
            timed = await self._client.zcount(keys.all_index(where.function), low, high)
            foreign = await self._client.zlexcount(
                keys.foreign_ids(where.function), f"[{prefix}", f"[{prefix}~"
            )
            return int(timed) + int(foreign)
        page = await self._by_prefix(where, SCAN, None)
        return len(page.tasks)


def _index(where: TaskFilter) -> str:
    if where.state is None:
        return keys.all_index(where.function)
    return keys.state_index(where.function, where.state)


def _bounds(where: TaskFilter) -> tuple[str, str]:
    return str(where.since_ms or "-inf"), f"({where.until_ms}" if where.until_ms else "+inf"


def _error_range(where: TaskFilter) -> tuple[str, str]:
    if where.state not in {TaskState.SCHEDULED, TaskState.FAILED, TaskState.DLQ}:
        raise ValueError("error_class: needs state SCHEDULED, FAILED or DLQ")
    if "/" in where.error_class and where.state is not TaskState.DLQ:
        raise ValueError("error_class: a fingerprint needs state DLQ")
    if where.id_prefix:
        raise ValueError("error_class: cannot be combined with an id prefix")
    stem = f"{where.state}:{where.error_class}:"
    high = f"({stem}{where.until_ms:014d}" if where.until_ms else f"({stem[:-1]};"
    return f"[{stem}{where.since_ms:014d}" if where.since_ms else f"[{stem}", high


def _prefix_bounds(prefix: str) -> tuple[str, str]:
    """The creation times (ms) that version 7 ids with this beginning can have.

    Raises:
        ValueError: the prefix is not the beginning of a UUID.
    """
    digits = prefix.replace("-", "")[:TIME_HEX]
    try:
        return str(int(digits.ljust(TIME_HEX, "0"), 16)), str(int(digits.ljust(TIME_HEX, "f"), 16))
    except ValueError as error:
        raise ValueError("id prefix: expected the beginning of a UUID") from error


def version7_ms(uuid: str) -> float:
    """The creation time that a version 7 id begins with; 0 for other ids."""
    return float(int(uuid[:8] + uuid[9:13], 16)) if uuid[14] == "7" else 0.0


def _born(one: Task) -> float:
    return version7_ms(one.id.uuid) or float(one.created_ms)


def _time(raw: bytes | None) -> float:
    """A stored time; 0 if it is damaged, or the task went away meanwhile."""
    return float(raw) if raw and raw.isdigit() else 0.0


def _is_after(entry: Entry, cursor: Cursor | None) -> bool:
    return cursor is None or (entry[1], entry[0]) < (cursor.score, cursor.member)


def _error_entries(members: Sequence[bytes]) -> list[Entry]:
    parts = [member.decode().split(":") for member in members]
    return [(part[3], float(part[2])) for part in parts]


def _matches(where: TaskFilter, one: Task) -> bool:
    if where.state is not None and one.state != where.state:
        return False
    unmoved = {None, TaskState.ACTIVE}
    moment = one.created_ms if where.state in unmoved else one.updated_ms
    return where.since_ms <= moment and (not where.until_ms or moment < where.until_ms)
