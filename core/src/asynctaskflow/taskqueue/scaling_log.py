"""The last scaling decisions of each function: written by whoever scales, read by the API.

Bounded, newest first, and never read to decide: losing it costs nothing but the view.
"""

from dataclasses import asdict, fields
from typing import Any, Protocol

import orjson

from asynctaskflow.model import keys
from asynctaskflow.scaling.decision import Candidate
from asynctaskflow.scaling.record import KEPT, DecisionRecord
from asynctaskflow.store.connection import AsyncRedis, translated

LIFETIME_MS = 30 * 86_400_000
FIELDS = frozenset(one.name for one in fields(DecisionRecord))


class ScalingLog(Protocol):
    """Keeps decisions; every method raises ``QueueUnavailable`` when Redis is away or refuses."""

    async def append(self, function: str, record: DecisionRecord) -> None:
        """Keep a decision beside the last ones."""
        ...

    async def recent(self, function: str, *, limit: int = KEPT) -> list[DecisionRecord]:
        """The last decisions, newest first."""
        ...


class RedisScalingLog:
    """``ScalingLog`` over Redis."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def append(self, function: str, record: DecisionRecord) -> None:
        """Keep a decision; see ``ScalingLog.append``."""
        key = keys.scaling(function)
        pipe = self._client.pipeline(transaction=False)
        pipe.lpush(key, orjson.dumps(asdict(record)))
        pipe.ltrim(key, 0, KEPT - 1)
        pipe.pexpire(key, LIFETIME_MS)
        with translated():
            await pipe.execute()

    async def recent(self, function: str, *, limit: int = KEPT) -> list[DecisionRecord]:
        """The last decisions; see ``ScalingLog.recent``. Damaged entries are left out."""
        with translated():
            entries = await self._client.lrange(keys.scaling(function), 0, limit - 1)
        found = [_record(entry) for entry in entries]
        return [record for record in found if record is not None]


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
