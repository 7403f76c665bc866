"""Blobs in Redis, where the queue is: nothing else to run. A description and chunks, all in the function's slot.

The description is written last, so a blob is there with all its chunks or not at all.
"""

from collections.abc import AsyncIterator
from contextlib import suppress

from asynctaskflow.blobs.content import Intake, compared, described, description, gathered
from asynctaskflow.blobs.port import BlobCorrupt, BlobName, BlobNotFound, BlobRef, Data, NewBlob
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.scripts import load

SCHEME = "redis"
MAX_CHUNKS = 100_000

EXPIRE = load("asynctaskflow.blobs", "expire")


class RedisBlobs:
    """A ``BlobStore``; methods also raise ``QueueUnavailable``."""

    def __init__(self, client: AsyncRedis) -> None:
        """Nothing is sent yet."""
        self._client = client

    async def put(self, new: NewBlob, data: Data) -> BlobRef:
        """Store a stream; see ``BlobStore.put``."""
        name = BlobName.new(SCHEME, new.function, new.hint)
        intake, ttl_ms = Intake(name, new), _milliseconds(new.ttl_s)
        written, complete = 0, False
        try:
            async for chunk in intake.chunks(data):
                written += 1
                with translated():
                    await self._client.set(_keys(name, written)[-1], chunk, px=ttl_ms)
            ref = intake.ref()
            with translated():
                await self._client.set(_keys(name, 0)[0], described(ref, chunks=written), px=ttl_ms)
            complete = True
        finally:
            if not complete:
                with suppress(QueueUnavailable):
                    await self._remove(name, written)
        return ref

    async def stat(self, ref: str) -> BlobRef:
        """Size, digest and type."""
        return (await self._described(BlobName.parse(ref)))[0]

    async def open(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes in chunks; see ``BlobStore.open``."""
        found, chunks = await self._described(BlobName.parse(ref))
        async for chunk in compared(found, self._chunks(found.name, chunks)):
            yield chunk

    async def read(self, ref: str, *, max_bytes: int) -> bytes:
        """All bytes; see ``BlobStore.read``."""
        found, chunks = await self._described(BlobName.parse(ref))
        stream = compared(found, self._chunks(found.name, chunks))
        return await gathered(found, stream, max_bytes=max_bytes)

    async def expire(self, ref: str, *, ttl_s: float) -> None:
        """Another lifetime from now on; see ``BlobStore.expire``."""
        name = BlobName.parse(ref)
        _, chunks = await self._described(name)
        parts = _keys(name, chunks)
        with translated():
            there = await EXPIRE.run(self._client, parts, [_milliseconds(ttl_s)])
        if there != len(parts):
            raise BlobNotFound(f"blob {name}: not found")

    async def delete(self, ref: str) -> None:
        """Remove it; see ``BlobStore.delete``."""
        name = BlobName.parse(ref)
        try:
            _, chunks = await self._described(name)
        except BlobNotFound:
            return
        await self._remove(name, chunks)

    async def _described(self, name: BlobName) -> tuple[BlobRef, int]:
        with translated():
            stored = await self._client.get(_keys(name, 0)[0])
        if stored is None:
            raise BlobNotFound(f"blob {name}: not found")
        ref, more = description(name, stored)
        chunks = more.get("chunks", -1)
        if not 0 <= chunks <= MAX_CHUNKS:
            raise BlobCorrupt(f"blob {name}: {chunks} chunks")
        return ref, chunks

    async def _chunks(self, name: BlobName, count: int) -> AsyncIterator[bytes]:
        for key in _keys(name, count)[1:]:
            with translated():
                chunk = await self._client.get(key)
            if chunk is None:
                raise BlobNotFound(f"blob {name}: removed while it was read")
            yield chunk

    async def _remove(self, name: BlobName, chunks: int) -> None:
        with translated():
            await self._client.unlink(*_keys(name, chunks))


def _keys(name: BlobName, chunks: int) -> list[str]:
    """The description's key, then each chunk's."""
    parts = [f"{name.id}:{number}" for number in range(1, chunks + 1)]
    return [keys.blob(name.function, part) for part in [name.id, *parts]]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
