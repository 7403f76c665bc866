"""Remembers verdicts by a hash of the token, and lets concurrent requests with one token wait for one review.

Never holds a token. Refused ones have room of their own, so strangers cannot push out those who are known.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asynctaskflow.clock import Clock
from asynctaskflow_api.access import Principal, TokensUnavailable
from asynctaskflow_api.kube.rights import Verdict, is_known

Review = Callable[[], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class _Kept:
    principal: Principal | None
    until_s: float


class Verdicts:
    """The memory of one process."""

    def __init__(self, clock: Clock, *, size: int) -> None:
        """Remember at most ``size`` known and as many refused tokens."""
        self._clock = clock
        self._size = size
        self._known: dict[bytes, _Kept] = {}
        self._refused: dict[bytes, _Kept] = {}
        self._reviews: dict[bytes, asyncio.Future[Verdict | TokensUnavailable]] = {}

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._known) + len(self._refused)

    async def of(self, digest: bytes, review: Review) -> Principal | None:
        """Who presents the token with this digest; ``review`` is only called if nobody remembers or asks already.

        Raises:
            TokensUnavailable: the review says so; that is not remembered.
        """
        while True:
            kept = self._fresh(digest)
            if kept is not None:
                return kept.principal
            running = self._reviews.get(digest)
            if running is None:
                return (await self._lead(digest, review)).principal
            await asyncio.wait([running])
            if running.cancelled():
                continue
            found = running.result()
            if isinstance(found, TokensUnavailable):
                raise TokensUnavailable(str(found))
            return found.principal

    async def _lead(self, digest: bytes, review: Review) -> Verdict:
        """Review for all who wait; if this request is cancelled meanwhile, another one of them does."""
        running = self._reviews[digest] = asyncio.get_running_loop().create_future()
        try:
            found = await review()
        except TokensUnavailable as error:
            running.set_result(error)
            raise
        else:
            running.set_result(found)
            self._keep(digest, found)
            return found
        finally:
            del self._reviews[digest]
            running.cancel()

    def _fresh(self, digest: bytes) -> _Kept | None:
        for shelf in (self._known, self._refused):
            kept = shelf.get(digest)
            if kept is not None and kept.until_s > self._clock.mono_s():
                return kept
        return None

    def _keep(self, digest: bytes, verdict: Verdict) -> None:
        for shelf in (self._known, self._refused):
            shelf.pop(digest, None)
        if verdict.keep_s <= 0:
            return
        shelf = self._known if is_known(verdict.principal) else self._refused
        if len(shelf) >= self._size:
            del shelf[next(iter(shelf))]  # the oldest, so the one that ends first
        shelf[digest] = _Kept(verdict.principal, self._clock.mono_s() + verdict.keep_s)
