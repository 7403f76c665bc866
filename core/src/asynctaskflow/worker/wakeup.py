"""One wait for new work, only while this worker could take some.

An idle worker leaves a claim with the queue, and the task comes with the wake-up. A busy one waits for the
wake-up alone: its handlers may block the loop, and a task that had come would be kept from idle workers. A worker
that waits without room would swallow the wake-up of one that has room.
"""

import asyncio
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.messages import ClaimBatch
from asynctaskflow.taskqueue.protocol import IdleClaims, WorkSource

SHORTEST_S = 0.001
AFTER_ERROR_S = 0.2


class Wakeup:
    """Waits in the background and calls back, whatever the reason: work, time, or a lost connection.

    Attributes:
        claiming: a claim waits; what it takes is not known yet.
    """

    def __init__(
        self,
        source: WorkSource,
        *,
        idle_claims: IdleClaims | None,
        group: asyncio.TaskGroup,
        on_wake: Callable[[], None],
        on_claim: Callable[[ClaimBatch], Awaitable[None]],
    ) -> None:
        """Not waiting.

        Args:
            idle_claims: ``None``: the source has none, every wait is for the wake-up.
            on_claim: gets what a waiting claim has brought, nothing included, instead of ``on_wake``; it runs in the
                task that waited, which is over for this class.
        """
        self._source = source
        self._idle_claims = idle_claims
        self._group = group
        self._on_wake = on_wake
        self._on_claim = on_claim
        self._waiting: asyncio.Task[None] | None = None
        self.claiming = False

    @property
    def armed(self) -> bool:
        """Whether it waits."""
        return self._waiting is not None

    def arm(self, timeout_s: float, *, idle: bool) -> None:
        """Wait, unless it is waiting already."""
        if self._waiting is not None:
            return
        timeout_s = max(timeout_s, SHORTEST_S)
        claims = self._idle_claims if idle else None
        self.claiming = claims is not None
        wait = self._wait(timeout_s) if claims is None else self._claim(claims, timeout_s)
        self._waiting = self._group.create_task(wait)

    def disarm(self) -> None:
        """Stop waiting."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            self.claiming = False

    async def withdraw(self) -> ClaimBatch:
        """Give up the claim that waits, and say what it has taken already.

        Raises:
            QueueUnavailable: only the queue knows that.
        """
        waiting, claims = self._waiting, self._idle_claims
        self.disarm()
        if waiting is None or claims is None:
            return ClaimBatch()
        await asyncio.wait([waiting])  # its connection is closed before anybody asks what it took
        return await claims.recall()

    async def _wait(self, timeout_s: float) -> None:
        try:
            await self._source.wait_for_work(timeout_s=timeout_s)
        except (QueueUnavailable, RedisError):
            await asyncio.sleep(AFTER_ERROR_S)  # the turn that follows finds out, and says so
        self._over()
        self._on_wake()

    async def _claim(self, claims: IdleClaims, timeout_s: float) -> None:
        try:
            batch = await claims.claim_next(timeout_s=timeout_s)
        except (QueueUnavailable, RedisError):
            await asyncio.sleep(AFTER_ERROR_S)  # the turn that follows repeats the claim
            self._over()
            self._on_wake()
        else:
            self._over()
            await self._on_claim(batch)

    def _over(self) -> None:
        if self._waiting is asyncio.current_task():
            self._waiting = None
            self.claiming = False
