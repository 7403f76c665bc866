"""How many tasks ended when; of all functions together remembered for two seconds, for every open dashboard asks."""

from asynctaskflow.clock import Clock
from asynctaskflow.model.ended import Ended
from asynctaskflow_api.ports import Queue
from asynctaskflow_api.shared import Shared

FRESH_S = 2.0


class Past:
    """Counts of ended tasks by how many minutes they cover."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        """Nothing is known yet."""
        self._queue = queue
        self._sums = Shared(self._look, clock, kept_s=FRESH_S)

    async def of_all(self, minutes: int) -> Ended:
        """The sums over all functions."""
        return await self._sums.get(minutes)

    async def of_one(self, function: str, minutes: int) -> Ended:
        """Those of one function, now; nothing of one that is not registered."""
        registered = function in await self._queue.functions()
        return await self._queue.ended([function] * registered, minutes=minutes)

    async def _look(self, minutes: int) -> Ended:
        return await self._queue.ended(await self._queue.functions(), minutes=minutes)
