"""Blob stores for their contract tests, and what only a look behind the port can tell."""

import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import obstore

from asynctaskflow.blobs.port import BlobName, BlobNotFound, BlobStore, NewBlob
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.s3_blobs import S3Blobs, s3_store
from asynctaskflow.model import keys

MIB = 1024 * 1024
LARGE = bytes(range(256)) * (4096 * 6) + b"the end"
MANY = NewBlob("summarize", max_bytes=64 * MIB)
PIECE_BYTES = 70_001  # divides no chunk


class HandClock:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        """Some day in 2027."""
        self.now_ms = 1_800_000_000_000

    def wall_ms(self) -> int:
        """Where it was moved to."""
        return self.now_ms

    def mono_s(self) -> float:
        """The same, in seconds."""
        return self.now_ms / 1000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A folder of a bucket, and the clock of the store over it."""

    url: str
    clock: HandClock

    async def objects(self) -> list[str]:
        """Paths of what it holds."""
        return [one["path"] for one in await obstore.list(s3_store(self.url)).collect_async()]


def make_bucket(endpoint: str) -> bool:
    """Create the bucket ``bucket``; whether the server answered."""
    with suppress(OSError):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/bucket", method="PUT")).close()
        return True
    return False


async def chunks_of(data: bytes) -> AsyncIterator[bytes]:
    """The data in pieces, as an upload brings it."""
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]


async def stored(blobs: BlobStore) -> list[str]:
    """What the store holds of the function ``summarize``."""
    if isinstance(blobs, S3Blobs):
        return [one["path"] for one in await obstore.list(blobs._store).collect_async()]
    pattern = keys.blob("summarize", "*")
    assert isinstance(blobs, RedisBlobs)
    return [key.decode() async for key in blobs._client.scan_iter(match=pattern)]


async def overwrite(
    blobs: BlobStore, name: BlobName, data: bytes, *, description: bool = False
) -> None:
    """Replace a blob's first chunk or its description, as another program would."""
    if isinstance(blobs, S3Blobs):
        path = f"{name.function}/{name.id}" + ".json" * description
        await obstore.put_async(blobs._store, path, data)
    else:
        assert isinstance(blobs, RedisBlobs)
        part = name.id if description else f"{name.id}:1"
        await blobs._client.set(keys.blob(name.function, part), data)


async def is_gone(blobs: BlobStore, ref: str) -> bool:
    """Whether the store no longer knows it."""
    try:
        await blobs.stat(ref)
    except BlobNotFound:
        return True
    return False


def move_clock(blobs: BlobStore, *, ms: int) -> None:
    """Let time pass for a store that reads our clock; Redis has its own."""
    if isinstance(blobs, S3Blobs):
        assert isinstance(blobs._clock, HandClock)
        blobs._clock.now_ms += ms
