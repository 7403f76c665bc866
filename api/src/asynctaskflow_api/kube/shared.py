"""One read for all who look at the same time, kept for a short while: many dashboards cost no more than one.

A read goes on when whoever began it has gone: others may wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from asynctaskflow.clock import Clock

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    until_s: float


class Shared(Generic[Value]):
    """Values by name, as this process last read them.

    Args:
        read: must end by itself, and say failures with its value.
        kept_s: how long a value is given out after it was read.
    """

    def __init__(
        self, read: Callable[[str], Awaitable[Value]], clock: Clock, *, kept_s: float
    ) -> None:
        """Nothing is read yet."""
        self._read = read
        self._clock = clock
        self._kept_s = kept_s
        self._kept: dict[str, _Kept[Value]] = {}
        self._reads: dict[str, asyncio.Task[Value]] = {}

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._kept)

    async def get(self, name: str) -> Value:
        """The value, at most ``kept_s`` old."""
        kept = self._kept.get(name)
        if kept is not None and kept.until_s > self._clock.mono_s():
            return kept.value
        running = self._reads.get(name)
        if running is None:
            running = self._reads[name] = asyncio.create_task(self._load(name))
        return await asyncio.shield(running)

    async def aclose(self) -> None:
        """End what is being read."""
        running = list(self._reads.values())
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _load(self, name: str) -> Value:
        try:
            value = await self._read(name)
        finally:
            del self._reads[name]
        now_s = self._clock.mono_s()
        fresh = {key: one for key, one in self._kept.items() if one.until_s > now_s}
        self._kept = fresh | {name: _Kept(value, now_s + self._kept_s)}
        return value
