"""What is still to be written to the API server: one entry an object, the most important first, within a budget.

An entry holds no content: what is written is worked out when its turn comes, so an object that changed ten
times while it waited is written once. A write that failed for the moment comes back; one that is refused does not.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow_operator.kube.guarded import guarded
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import (
    KubeConflict,
    KubeError,
    KubeNotFound,
    KubeRefused,
    KubeUnavailable,
)
from asynctaskflow_operator.rules.budget import Budget

AT_ONCE = 16
AGAIN_S = 1.0
NEVER_S = 3600.0
LEAST_PAUSE_S = 0.001  # a timer that fires a hair early must not spin

log = structlog.get_logger()


class Rank(IntEnum):
    """What goes first when not all can go."""

    FUNCTION = 0
    TERMINAL = 1
    PROGRESS = 2
    CREATION = 3
    DELETION = 4


@dataclass(frozen=True, slots=True)
class Key:
    """One write of one object; ``verb`` keeps a creation and a status apart."""

    kind: Kind
    verb: str
    name: str


@dataclass(slots=True)
class _Entry:
    rank: Rank
    due_s: float
    since_s: float
    turn: int


Deliver = Callable[[str], Awaitable[None]]


class Outbox:
    """Sends entries one by one through the deliverers of their kind and verb."""

    def __init__(self, *, per_s: float, burst: int, clock: Clock) -> None:
        """Nothing is sent before ``run``."""
        self._clock = clock
        self._budget = Budget.full(per_s=per_s, burst=burst, now_s=clock.mono_s())
        self._deliverers: dict[tuple[Kind, str], Deliver] = {}
        self._entries: dict[Key, _Entry] = {}
        self._ready: list[tuple[Rank, int, Key]] = []
        self._later: list[tuple[float, int, Key]] = []
        self._turns = itertools.count()
        self._news = asyncio.Event()
        self._sending: set[Key] = set()

    def route(self, kind: Kind, verb: str, deliver: Deliver) -> None:
        """Say who writes what is put under this kind and verb; it takes the object's name."""
        self._deliverers[kind, verb] = deliver

    def put(self, key: Key, *, rank: Rank, delay_s: float = 0.0) -> None:
        """Have an object written, not before ``delay_s``; an entry of it that waits goes at the earlier time, higher rank."""
        now_s = self._clock.mono_s()
        due_s, known = now_s + delay_s, self._entries.get(key)
        if known and known.rank <= rank and known.due_s <= due_s:
            return
        rank = min(rank, known.rank) if known else rank
        due_s = min(due_s, known.due_s) if known else due_s
        since_s = known.since_s if known else now_s
        entry = _Entry(rank, due_s, since_s, next(self._turns))
        self._entries[key] = entry
        if due_s <= now_s:
            heapq.heappush(self._ready, (rank, entry.turn, key))
        else:
            heapq.heappush(self._later, (due_s, entry.turn, key))
        self._news.set()

    def drop(self, key: Key) -> None:
        """Forget an entry; fine if there is none."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

    def share_left(self) -> float:
        """How much of the burst is left, 0 to 1."""
        return self._budget.share_left(self._clock.mono_s())

    def lag_s(self) -> float:
        """How long the oldest entry that is due has waited."""
        now_s = self._clock.mono_s()
        waits = [now_s - max(one.since_s, one.due_s) for one in self._entries.values()]
        return max(0.0, max(waits, default=0.0))

    async def run(self) -> None:
        """Until cancelled."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await room.acquire()
                key, entry = await self._next()
                self._sending.add(key)
                group.create_task(self._send(key, entry, room))

    async def _next(self) -> tuple[Key, _Entry]:
        """The most important entry, once it is due and the budget allows a write."""
        while True:
            self._news.clear()
            now_s = self._clock.mono_s()
            pause_s = self._promote(now_s)
            spent = self._budget.spend(now_s)
            if self._ready and spent is not None:
                taken = self._take()
                if taken is not None:
                    self._budget = spent
                    return taken
                continue
            if self._ready:
                pause_s = min(pause_s, self._budget.wait_s(now_s))
            await self._pause(pause_s)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, LEAST_PAUSE_S)):
                await self._news.wait()
        except TimeoutError:
            return

    def _promote(self, now_s: float) -> float:
        """Move what is due now to the ready ones; seconds until the next one is."""
        while self._later and self._later[0][0] <= now_s:
            _, turn, key = heapq.heappop(self._later)
            entry = self._entries.get(key)
            if entry and entry.turn == turn:
                heapq.heappush(self._ready, (entry.rank, turn, key))
        return self._later[0][0] - now_s if self._later else NEVER_S

    def _take(self) -> tuple[Key, _Entry] | None:
        """The first ready entry that is still wanted; one that is being sent right now waits for its end."""
        while self._ready:
            _, turn, key = heapq.heappop(self._ready)
            entry = self._entries.get(key)
            if entry is None or entry.turn != turn:
                continue
            del self._entries[key]
            if key in self._sending:
                self.put(key, rank=entry.rank, delay_s=AGAIN_S / 10)
                continue
            return key, entry
        return None

    async def _send(self, key: Key, entry: _Entry, room: asyncio.Semaphore) -> None:
        try:
            await guarded(
                self._deliverers[key.kind, key.verb](key.name),
                foreseen=(KubeError, QueueUnavailable),
                what=f"{key.verb} of {key.kind.text}",
                name=key.name,
            )
        except (KubeUnavailable, KubeConflict, QueueUnavailable) as error:
            log.warning("write_postponed", kind=key.kind.text, name=key.name, error=str(error))
            self.put(key, rank=entry.rank, delay_s=AGAIN_S)
        except KubeNotFound:
            log.debug("write_of_a_deleted_object", kind=key.kind.text, name=key.name)
        except KubeRefused as error:
            log.warning("write_refused", kind=key.kind.text, name=key.name, error=str(error))
        finally:
            self._sending.discard(key)
            room.release()
