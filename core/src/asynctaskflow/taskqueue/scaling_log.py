"""The last scaling decisions and loads of each function: written by whoever scales, read by the API.

Bounded, newest first, and never read to decide: losing it costs nothing but the view.
"""

from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from typing import Any, Protocol

import orjson

from asynctaskflow.model import keys
from asynctaskflow.scaling.decision import Candidate
from asynctaskflow.scaling.record import KEPT, DecisionRecord
from asynctaskflow.scaling.sample import SAMPLES_KEPT, Load, LoadSample
from asynctaskflow.store.connection import AsyncRedis, translated

LIFETIME_MS = 30 * 86_400_000
LOAD_LIFETIME_MS = 3_600_000
AT_ONCE = 100
FIELDS = frozenset(one.name for one in fields(DecisionRecord))


class ScalingLog(Protocol):
    """Keeps decisions; every method raises ``QueueUnavailable`` when Redis is away or refuses."""

    async def append(self, function: str, record: DecisionRecord) -> None:
        """Keep a decision beside the last ones."""
        ...

    async def recent(self, function: str, *, limit: int = KEPT) -> list[DecisionRecord]:
        """The last decisions, newest first."""
        ...

    async def recent_of(
        self, functions: Sequence[str], *, limit: int
    ) -> list[list[DecisionRecord]]:
        """The last decisions of each, newest first."""
        ...

    async def note(self, function: str, sample: LoadSample) -> None:
        """Keep a sample for an hour."""
        ...

    async def load(self, function: str, *, last_ms: int) -> Load:
        """The samples of that many milliseconds until now, at most an hour."""
        ...


class RedisScalingLog:
    """``ScalingLog`` over Redis."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def append(self, function: str, record: DecisionRecord) -> None:
        """Keep a decision; see ``ScalingLog.append``."""
        entry = orjson.dumps(asdict(record))
        await self._push(keys.scaling(function), entry, kept=KEPT, lifetime_ms=LIFETIME_MS)

    async def recent(self, function: str, *, limit: int = KEPT) -> list[DecisionRecord]:
        """The last decisions; see ``ScalingLog.recent``. Damaged entries are left out."""
        return (await self.recent_of([function], limit=limit))[0]

    async def recent_of(
        self, functions: Sequence[str], *, limit: int
    ) -> list[list[DecisionRecord]]:
        """The last decisions of each; see ``ScalingLog.recent_of``."""
        found: list[list[DecisionRecord]] = []
        for first in range(0, len(functions), AT_ONCE):
            pipe = self._client.pipeline(transaction=False)
            for function in functions[first : first + AT_ONCE]:
                pipe.lrange(keys.scaling(function), 0, limit - 1)
            with translated():
                lists = await pipe.execute()
            found += [_records(entries) for entries in lists]
        return found

    async def note(self, function: str, sample: LoadSample) -> None:
        """Keep a sample; see ``ScalingLog.note``."""
        key, entry = keys.scaling_load(function), orjson.dumps(astuple(sample))
        await self._push(key, entry, kept=SAMPLES_KEPT, lifetime_ms=LOAD_LIFETIME_MS)

    async def load(self, function: str, *, last_ms: int) -> Load:
        """The samples; see ``ScalingLog.load``. Damaged entries are left out."""
        key = keys.scaling_load(function)
        with translated():
            entries = await self._client.lrange(key, 0, -1)
            now_ms = await self._now_ms()
        found = [sample for entry in entries if (sample := _sample(entry)) is not None]
        newer = sum(sample.at_ms >= now_ms - last_ms for sample in found)
        return Load(now_ms, tuple(found[: newer + 1][::-1]))

    async def _now_ms(self) -> int:
        seconds, microseconds = await self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def _push(self, key: str, entry: bytes, *, kept: int, lifetime_ms: int) -> None:
        pipe = self._client.pipeline(transaction=False)
        pipe.lpush(key, entry)
        pipe.ltrim(key, 0, kept - 1)
        pipe.pexpire(key, lifetime_ms)
        with translated():
            await pipe.execute()


def _records(entries: Sequence[bytes]) -> list[DecisionRecord]:
    return [record for entry in entries if (record := _record(entry)) is not None]


def _record(entry: bytes) -> DecisionRecord | None:
    """The record, of a later version too: what is not known here is left out."""
    try:
        given: dict[str, Any] = orjson.loads(entry)
        candidates = tuple(
            Candidate(one["signal"], one["replicas"]) for one in given.pop("candidates", ())
        )
        known = {name: value for name, value in given.items() if name in FIELDS}
        return DecisionRecord(**known, candidates=candidates)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None


def _sample(entry: bytes) -> LoadSample | None:
    try:
        return LoadSample(*map(int, orjson.loads(entry)))
    except (ValueError, TypeError):
        return None
