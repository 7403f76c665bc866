"""One read for all who look at the same time, kept for a short while: many dashboards cost no more than one.

A read goes on when whoever began it has gone: others may wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from asynctaskflow.clock import Clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    until_s: float


class Shared(Generic[Key, Value]):
    """Values by key, as this process last read them.

    Args:
        read: must end by itself; its failure is told to all who wait for it, and not kept.
        kept_s: how long a value is given out after it was read.
    """

    def __init__(
        self, read: Callable[[Key], Awaitable[Value]], clock: Clock, *, kept_s: float
    ) -> None:
        """Nothing is read yet."""
        self._read = read
        self._clock = clock
        self._kept_s = kept_s
        self._kept: dict[Key, _Kept[Value]] = {}
        self._reads: dict[Key, asyncio.Task[Value]] = {}

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._kept)

    async def get(self, key: Key) -> Value:
        """The value, read at most ``kept_s`` ago."""
        kept = self._kept.get(key)
        if kept is not None and kept.until_s > self._clock.mono_s():
            return kept.value
        running = self._reads.get(key)
        if running is None:
            running = self._reads[key] = asyncio.create_task(self._load(key))
            running.add_done_callback(_note_failure)
        return await asyncio.shield(running)

    async def aclose(self) -> None:
        """End what is being read."""
        running = list(self._reads.values())
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _load(self, key: Key) -> Value:
        try:
            value = await self._read(key)
        finally:
            del self._reads[key]
        now_s = self._clock.mono_s()
        fresh = {other: one for other, one in self._kept.items() if one.until_s > now_s}
        self._kept = fresh | {key: _Kept(value, now_s + self._kept_s)}
        return value


def _note_failure(read: asyncio.Task[Value]) -> None:
    """Whoever asked has seen it; if they have all gone, asyncio need not warn of it."""
    if not read.cancelled():
        read.exception()
