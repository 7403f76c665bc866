"""A token bucket that keeps a line of those who wait: the reference for ``dependencies/lua``. Pure.

In every window of length t at most ``capacity + rate * t`` tokens are granted, because a grant only ever
takes tokens that are there. Who waits is told when its turn comes, counted by its place in the line; a
newcomer takes nothing that those ahead wait for. A waiter that died leaves the line soon after its turn.
"""

import math
from dataclasses import dataclass, replace

LINE_GRACE_MS = 1_000
LEAST_CAPACITY = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """``requests`` per ``interval_ms``; a bucket of less than one token would never grant any."""

    requests: float
    interval_ms: int
    bucket_size: float = 0.0

    @property
    def capacity(self) -> float:
        """Most tokens that a quiet time saves up."""
        return max(LEAST_CAPACITY, self.bucket_size or self.requests)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One place in the line."""

    turn_ms: int
    nonce: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the workers share.

    Attributes:
        tokens: left at ``at_ms``; ``None`` before the first use, which finds a full bucket.
        sleep_ms: how long the present sleep was meant to be.
        line: by turn, then nonce.
    """

    tokens: float | None = None
    at_ms: int = 0
    sleep_until_ms: int = 0
    sleep_ms: int = 0
    line: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Granted, or come back after ``wait_ms``; ``fits`` is False if that is longer than allowed."""

    granted: bool
    wait_ms: int = 0
    fits: bool = True


def refill(bucket: Bucket, limit: Limit | None, *, now_ms: int) -> Bucket:
    """Bring tokens and times up to now; a clock that stepped back adds and frees nothing."""
    sleep_until_ms = min(bucket.sleep_until_ms, now_ms + bucket.sleep_ms)
    tokens, at_ms = bucket.tokens, bucket.at_ms
    if limit is None:
        tokens = None
    elif tokens is None:
        tokens, at_ms = limit.capacity, now_ms
    elif sleep_until_ms > now_ms:
        at_ms = sleep_until_ms
    else:
        gained = max(0, now_ms - at_ms) * limit.requests / limit.interval_ms
        tokens, at_ms = min(limit.capacity, tokens + gained), now_ms
    return replace(bucket, tokens=tokens, at_ms=at_ms, sleep_until_ms=sleep_until_ms)


def take(
    bucket: Bucket, limit: Limit | None, caller: Waiting, *, longest_ms: int, now_ms: int
) -> tuple[Bucket, Answer]:
    """Take ``caller.tokens`` or a place in the line; leave it if the turn is over ``longest_ms`` away."""
    bucket = refill(bucket, limit, now_ms=now_ms)
    asleep_ms = max(0, bucket.sleep_until_ms - now_ms)
    line = tuple(one for one in bucket.line if one.turn_ms >= now_ms - LINE_GRACE_MS)
    others = tuple(one for one in line if one.nonce != caller.nonce)
    if limit is None or bucket.tokens is None:
        short_ms, enough = 0, True
    else:
        need, in_line = _need(line, caller, limit)
        enough = bucket.tokens >= need or (in_line and bucket.tokens >= limit.capacity)
        short_ms = math.ceil(max(0, need - bucket.tokens) * limit.interval_ms / limit.requests)
    if enough and not asleep_ms:
        left = None if bucket.tokens is None else bucket.tokens - caller.tokens
        return replace(bucket, tokens=left, line=others), Answer(granted=True)
    wait_ms = max(1, asleep_ms + short_ms)
    if wait_ms > longest_ms:
        return replace(bucket, line=others), Answer(granted=False, wait_ms=wait_ms, fits=False)
    place = replace(caller, turn_ms=now_ms + wait_ms)
    line = tuple(sorted((*others, place), key=lambda one: (one.turn_ms, one.nonce)))
    return replace(bucket, line=line), Answer(granted=False, wait_ms=wait_ms)


def _need(line: tuple[Waiting, ...], caller: Waiting, limit: Limit) -> tuple[float, bool]:
    """(Tokens that must be there before the caller may have its own, whether a full bucket will do).

    The first in the line is kept whole, so that many small calls do not starve a large one; the others
    ahead are taken as one token each.
    """
    names = [one.nonce for one in line]
    in_line = caller.nonce in names
    ahead = names.index(caller.nonce) if in_line else len(line)
    if ahead == 0:
        return min(caller.tokens, limit.capacity), True
    return caller.tokens + line[0].tokens + ahead - 1, in_line


def sleep(bucket: Bucket, limit: Limit | None, *, for_ms: int, now_ms: int) -> Bucket:
    """Grant nothing for a while, then start from an empty bucket."""
    bucket = refill(bucket, limit, now_ms=now_ms)
    if now_ms + for_ms <= bucket.sleep_until_ms:
        return bucket
    tokens = None if bucket.tokens is None else min(0.0, bucket.tokens)
    until_ms = now_ms + for_ms
    return replace(bucket, tokens=tokens, at_ms=until_ms, sleep_until_ms=until_ms, sleep_ms=for_ms)


def resize(bucket: Bucket, old: Limit | None, new: Limit | None, *, now_ms: int) -> Bucket:
    """Another limit from now on: what was saved up stays, as far as the new bucket holds it."""
    bucket = refill(bucket, old, now_ms=now_ms)
    if bucket.tokens is None or new is None:
        return replace(bucket, tokens=None)
    return replace(bucket, tokens=min(bucket.tokens, new.capacity))
