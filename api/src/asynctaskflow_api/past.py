"""How many tasks of all functions ended when, remembered for two seconds: every open dashboard asks for the same.

Those who ask at the same time share one look.
"""

import asyncio
from dataclasses import dataclass

from asynctaskflow.clock import Clock
from asynctaskflow.model.ended import Ended
from asynctaskflow_api.ports import Queue

FRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    ended: Ended


class Past:
    """Sums over all functions as this process last saw them, by how many minutes they cover."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        """Nothing is known yet."""
        self._queue = queue
        self._clock = clock
        self._seen: dict[int, _Seen] = {}
        self._looking: dict[int, asyncio.Future[Ended]] = {}

    async def of_all(self, minutes: int) -> Ended:
        """The sums, at most two seconds old."""
        seen = self._seen.get(minutes)
        if seen and self._clock.mono_s() - seen.at_s < FRESH_S:
            return seen.ended
        looking = self._looking.get(minutes)
        if looking is None:
            looking = self._looking[minutes] = asyncio.ensure_future(self._look(minutes))
            looking.add_done_callback(lambda done: self._forget_look(minutes, done))
        return await asyncio.shield(looking)

    async def of_one(self, function: str, minutes: int) -> Ended:
        """Those of one function, now; nothing of one that is not registered."""
        registered = function in await self._queue.functions()
        return await self._queue.ended([function] * registered, minutes=minutes)

    async def _look(self, minutes: int) -> Ended:
        began_s = self._clock.mono_s()
        ended = await self._queue.ended(await self._queue.functions(), minutes=minutes)
        fresh = {key: one for key, one in self._seen.items() if began_s - one.at_s < FRESH_S}
        self._seen = {**fresh, minutes: _Seen(began_s, ended)}
        return ended

    def _forget_look(self, minutes: int, done: asyncio.Future[Ended]) -> None:
        del self._looking[minutes]
        if not done.cancelled():
            done.exception()  # whoever asked has seen it; nobody may be left to ask
