"""Pages of tasks over several functions, from the indexes of each: newest first, by cursor or by page number.

A page of one function is found by its number, however deep. Over several functions page numbers reach as far as
``DEEPEST`` tasks, and other orders need a result that small; beyond that the cursor goes on. So no request
costs more with more stored tasks.
"""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.cursor import Cursor
from asynctaskflow.taskqueue.listing import version7_ms
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_api.ports import Queue
from asynctaskflow_api.problems import BadRequest

DEEPEST = 1000
END = "-"
SORT_KEYS = ("created_at", "updated_at", "completed_at", "retry_after", "state", "task_type")
Cursors = dict[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """How a page is sorted; by default as the index gives it."""

    key: str = ""
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """One page.

    Attributes:
        next_cursor: empty at the end.
    """

    tasks: Sequence[Task]
    next_cursor: str


async def counts(queue: Queue, filters: Sequence[TaskFilter]) -> list[int]:
    """How many tasks match each filter."""
    with _refused():
        return await asyncio.gather(*(queue.count(where) for where in filters))


async def by_cursor(
    queue: Queue, filters: Sequence[TaskFilter], *, limit: int, cursor: str
) -> Listing:
    """The page after a cursor; the first one if it is empty.

    Raises:
        BadRequest: a bad cursor or combination of filters.
    """
    cursors = read_cursor(cursor)
    wanted = [where for where in filters if cursors.get(where.function) != END]
    with _refused():
        pages = await asyncio.gather(
            *(
                queue.list_tasks(where, limit=limit, cursor=cursors.get(where.function, ""))
                for where in wanted
            )
        )
    merged = sorted(
        ((where, task) for where, page in zip(wanted, pages, strict=True) for task in page.tasks),
        key=lambda pair: rank(pair[0], pair[1]),
        reverse=True,
    )[:limit]
    following = dict(cursors)
    for where, page in zip(wanted, pages, strict=True):
        taken = [task for its, task in merged if its is where]
        following[where.function] = _following(where, page.tasks, page.cursor, taken, cursors)
    ended = all(following.get(where.function) == END for where in filters)
    return Listing([task for _, task in merged], "" if ended else write_cursor(following))


def _following(
    where: TaskFilter, tasks: Sequence[Task], cursor: str, taken: Sequence[Task], before: Cursors
) -> str:
    """Where this function's listing goes on, when only ``taken`` of ``tasks`` were given out."""
    if len(taken) == len(tasks):
        return cursor or END
    if not taken:
        return before.get(where.function, "")
    score, uuid = rank(where, taken[-1])
    return str(Cursor(score, uuid))


def rank(where: TaskFilter, task: Task) -> tuple[float, str]:
    """The index's own order: score and id."""
    match where.state:
        case None | TaskState.ACTIVE:
            score = _born(task)
        case TaskState.SCHEDULED if not where.error_class:
            score = float(task.due_ms)
        case _:
            score = float(task.updated_ms)
    if where.id_prefix:
        score = _born(task)
    return score, task.id.uuid


def _born(task: Task) -> float:
    return version7_ms(task.id.uuid) or float(task.created_ms)


async def by_page(
    queue: Queue,
    filters: Sequence[TaskFilter],
    *,
    page: int,
    size: int,
    numbers: Sequence[int],
    order: Order,
) -> Listing:
    """The page of that number.

    Args:
        numbers: how many tasks match each filter.

    Raises:
        BadRequest: deeper than it reaches, or an order that the index does not give for so many.
    """
    if order.key or not order.descending:
        return await _sorted(queue, filters, page=page, size=size, numbers=numbers, order=order)
    skip = (page - 1) * size
    if skip >= sum(numbers):
        return Listing((), "")
    some = {where: number for where, number in zip(filters, numbers, strict=True) if number}
    prefixed = any(where.id_prefix for where in some)
    if skip + size > DEEPEST and (prefixed or len(some) > 1):
        raise BadRequest(
            f"page: reaches the first {DEEPEST} tasks; go on with next_cursor",
            extra={"deepest": DEEPEST},
        )
    if prefixed:
        return await _walked(queue, filters, skip=skip, size=size)
    return await _numbered(queue, some, filters, skip=skip, size=size)


async def _numbered(
    queue: Queue,
    some: Mapping[TaskFilter, int],
    filters: Sequence[TaskFilter],
    *,
    skip: int,
    size: int,
) -> Listing:
    """By rank: one filter's page is where it is; of several, ids and scores are merged, and only the page is read."""
    first, most = (skip, size) if len(some) == 1 else (0, skip + size)
    with _refused():
        ranked = await asyncio.gather(
            *(queue.entries(where, first=first, limit=most) for where in some)
        )
    merged = sorted(
        (
            (score, uuid, where.function)
            for where, entries in zip(some, ranked, strict=True)
            for uuid, score in entries
        ),
        reverse=True,
    )[: skip - first + size]
    following: Cursors = {where.function: END for where in filters}
    for where, number in some.items():
        taken = [Cursor(score, uuid) for score, uuid, name in merged if name == where.function]
        if first + len(taken) < number:
            following[where.function] = str(taken[-1]) if taken else ""
    tasks = await queue.tasks([TaskId(name, uuid) for _, uuid, name in merged[skip - first :]])
    ended = all(one == END for one in following.values())
    return Listing(tasks, "" if ended else write_cursor(following))


async def _walked(queue: Queue, filters: Sequence[TaskFilter], *, skip: int, size: int) -> Listing:
    """By cursor, past what stands before: for filters whose tasks have no numbers."""
    cursor = ""
    if skip:
        passed = await by_cursor(queue, filters, limit=skip, cursor="")
        cursor = passed.next_cursor
        if not cursor:
            return Listing((), "")
    return await by_cursor(queue, filters, limit=size, cursor=cursor)


async def _sorted(
    queue: Queue,
    filters: Sequence[TaskFilter],
    *,
    page: int,
    size: int,
    numbers: Sequence[int],
    order: Order,
) -> Listing:
    natural = _natural(filters[0]) if filters else "created_at"
    key, total = order.key or natural, sum(numbers)
    if key not in SORT_KEYS:
        raise BadRequest(
            f"sort_by: allowed are {', '.join(SORT_KEYS)}", extra={"allowed": SORT_KEYS}
        )
    if key == natural and order.descending:
        return await by_page(queue, filters, page=page, size=size, numbers=numbers, order=Order())
    if total > DEEPEST:
        raise BadRequest(
            f"more than {DEEPEST} tasks match: they come by {natural}, newest first; narrow the filter",
            extra={"allowed": [natural], "allowed_order": ["desc"]},
        )
    everything = await by_cursor(queue, filters, limit=DEEPEST, cursor="")
    tasks = sorted(
        everything.tasks, key=lambda task: _sort_value(task, key), reverse=order.descending
    )
    return Listing(tasks[(page - 1) * size : page * size], "")


def _natural(where: TaskFilter) -> str:
    """The sort key whose order the index gives."""
    if where.state is TaskState.SCHEDULED and not where.error_class:
        return "retry_after"
    unmoved = where.state is None or where.state is TaskState.ACTIVE or where.id_prefix
    return "created_at" if unmoved else "updated_at"


def _sort_value(task: Task, key: str) -> tuple[Any, str]:
    value: Any = {
        "created_at": task.created_ms,
        "updated_at": task.updated_ms,
        "completed_at": task.finished_ms,
        "retry_after": task.due_ms,
        "state": str(task.state),
        "task_type": task.id.function,
    }[key]
    return value, task.id.uuid


async def queued(
    queue: Queue, functions: Sequence[str], name: str, *, page: int, size: int
) -> list[Task]:
    """Tasks in the order in which they stand in a queue.

    Raises:
        BadRequest: deeper than ``DEEPEST``.
    """
    last = page * size
    if last > DEEPEST:
        raise BadRequest(f"page: reaches the first {DEEPEST} tasks of a queue")
    found = await asyncio.gather(
        *(queue.queued_ids(function, name, limit=last) for function in functions)
    )
    ids = [TaskId.parse(one) for listed in found for one in listed]
    return await queue.tasks(ids[last - size : last])


def narrowed(base: TaskFilter, functions: Sequence[str]) -> list[TaskFilter]:
    """The same filter for each function."""
    return [replace(base, function=function) for function in functions]


def write_cursor(cursors: Mapping[str, str]) -> str:
    """The cursors of several functions as one opaque text."""
    return urlsafe_b64encode(orjson.dumps(cursors)).decode().rstrip("=")


def read_cursor(text: str) -> Cursors:
    """The cursors that a text stands for.

    Raises:
        BadRequest: it is not one of ours.
    """
    if not text:
        return {}
    try:
        found = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (BinasciiError, ValueError) as error:
        raise BadRequest("cursor: not one that a listing gave out") from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise BadRequest("cursor: not one that a listing gave out")
    return found


class _refused:  # noqa: N801 - reads as a statement
    """Turns the queue's complaint about its arguments into an answer."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if type(error) is ValueError:
            raise BadRequest(str(error)) from error
