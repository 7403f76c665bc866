"""Does one thing for each name that is put in, many names at once, one name never twice at once, until it is done.

What Redis or the API server did not do now is tried again, less and less often; no name holds up another.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable, Retryable
from asynctaskflow_operator.kube.guarded import guarded
from asynctaskflow_operator.kube.port import KubeConflict, KubeUnavailable

AT_ONCE = 64
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
BUSY_S = 0.02
NEVER_S = 3600.0
AWAY = (QueueUnavailable, KubeUnavailable, KubeConflict, Retryable)

log = structlog.get_logger()


class Rounds:
    """Names with the time at which each is due."""

    def __init__(self, work: Callable[[str], Awaitable[None]], *, what: str, clock: Clock) -> None:
        """Nothing is done before ``run``."""
        self._work = work
        self._what = what
        self._clock = clock
        self._due: dict[str, int] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._turns = itertools.count()
        self._tries: dict[str, int] = {}
        self._busy: set[str] = set()
        self._news = asyncio.Event()

    def put(self, name: str, *, delay_s: float = 0.0) -> None:
        """Have it done; a name that waits is done at the new time."""
        turn = self._due[name] = next(self._turns)
        heapq.heappush(self._heap, (self._clock.mono_s() + delay_s, turn, name))
        self._news.set()

    def drop(self, name: str) -> None:
        """Not to be done any more; what is under way goes on."""
        self._due.pop(name, None)
        self._tries.pop(name, None)

    def __len__(self) -> int:
        return len(self._due) + len(self._busy)

    async def run(self) -> None:
        """Until cancelled."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await room.acquire()
                name = await self._next()
                self._busy.add(name)
                group.create_task(self._do(name, room))

    async def _next(self) -> str:
        while True:
            self._news.clear()
            name, pause_s = self._take()
            if name is not None:
                return name
            try:
                async with asyncio.timeout(pause_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _take(self) -> tuple[str | None, float]:
        """A name that is due, or how long to wait for one."""
        now_s = self._clock.mono_s()
        while self._heap:
            due_s, turn, name = self._heap[0]
            if self._due.get(name) == turn and due_s > now_s:
                return None, due_s - now_s
            heapq.heappop(self._heap)
            if self._due.get(name) != turn:
                continue
            if name in self._busy:
                self.put(name, delay_s=BUSY_S)
                continue
            del self._due[name]
            return name, 0.0
        return None, NEVER_S

    async def _do(self, name: str, room: asyncio.Semaphore) -> None:
        try:
            await guarded(self._work(name), foreseen=AWAY, what=self._what, name=name)
        except AWAY as error:
            self._again(name, error)
        else:
            self._tries.pop(name, None)
        finally:
            self._busy.discard(name)
            room.release()

    def _again(self, name: str, error: Exception) -> None:
        tries = self._tries.get(name, 0)
        self._tries[name] = tries + 1
        if tries == 0:
            log.warning("put_off", what=self._what, name=name, error=str(error))
        if name not in self._due:
            self.put(name, delay_s=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(tries, 10)))
