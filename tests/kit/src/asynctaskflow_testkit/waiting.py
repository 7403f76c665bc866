"""The only polling in the tests: wait for a condition, never for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

PAUSE_S = 0.01

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """A condition did not come true in time."""


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], within_s: float, *, what: str = ""
) -> T: ...
@overload
async def eventually(condition: Callable[[], T], within_s: float, *, what: str = "") -> T: ...
async def eventually(condition: Callable[[], Any], within_s: float, *, what: str = "") -> Any:
    """The condition's first truthy value; an ``AssertionError`` that it raises means "not yet".

    Raises:
        NotInTimeError: not within ``within_s`` seconds; says what was seen last.
    """
    deadline = time.monotonic() + within_s
    while True:
        seen, error = await _look(condition)
        if seen and error is None:
            return seen
        if time.monotonic() >= deadline:
            raise _never(condition, within_s, what, error or seen) from error
        await asyncio.sleep(PAUSE_S)


def until(condition: Callable[[], T], within_s: float, *, what: str = "") -> T:
    """``eventually`` for code that has no event loop, such as the start of a server."""
    deadline = time.monotonic() + within_s
    while not (seen := condition()):
        if time.monotonic() >= deadline:
            raise _never(condition, within_s, what, seen)
        time.sleep(PAUSE_S)
    return seen


async def _look(condition: Callable[[], Any]) -> tuple[Any, AssertionError | None]:
    try:
        seen = condition()
        return (await seen if inspect.isawaitable(seen) else seen), None
    except AssertionError as error:
        return None, error


def _never(condition: object, within_s: float, what: str, seen: object) -> NotInTimeError:
    name = what or getattr(condition, "__qualname__", repr(condition))
    return NotInTimeError(f"not within {within_s:g} s: {name}; last seen: {seen!r}")
