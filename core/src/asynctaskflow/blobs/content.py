"""What every store does with the bytes: cut them into chunks, bound and digest them, compare. No I/O of its own."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator

import orjson

from asynctaskflow.blobs.port import (
    CONTENT_TYPE_MAX_CHARS,
    BlobCorrupt,
    BlobName,
    BlobRef,
    BlobTooLarge,
    Data,
    NewBlob,
)

CHUNK_BYTES = 1024 * 1024


class Intake:
    """Counts and digests what passes through ``chunks``."""

    def __init__(self, name: BlobName, new: NewBlob) -> None:
        """Nothing has passed yet."""
        self._name = name
        self._new = new
        self._digest = hashlib.sha256()
        self._bytes = 0

    async def chunks(self, data: Data) -> AsyncIterator[bytes]:
        """The data in pieces of ``CHUNK_BYTES``, the last one shorter.

        Raises:
            BlobTooLarge: before a piece that exceeds the bound is handed on.
        """
        buffer = bytearray()
        async for piece in _pieces(data):
            self._bytes += len(piece)
            if self._bytes > self._new.max_bytes:
                raise BlobTooLarge(f"more than the {self._new.max_bytes} bytes that are allowed")
            self._digest.update(piece)
            buffer += piece
            while len(buffer) >= CHUNK_BYTES:
                yield bytes(buffer[:CHUNK_BYTES])
                del buffer[:CHUNK_BYTES]
        if buffer:
            yield bytes(buffer)

    def ref(self) -> BlobRef:
        """The reference, once everything has passed."""
        content_type = self._new.content_type[:CONTENT_TYPE_MAX_CHARS]
        return BlobRef(self._name, self._bytes, self._digest.hexdigest(), content_type)


async def _pieces(data: Data) -> AsyncIterator[bytes]:
    if isinstance(data, bytes):
        for start in range(0, len(data), CHUNK_BYTES):
            yield data[start : start + CHUNK_BYTES]
        return
    async for piece in data:
        yield piece


async def compared(ref: BlobRef, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Hand the chunks on; at the end compare size and digest.

    Raises:
        BlobCorrupt
    """
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        if size > ref.bytes:
            raise BlobCorrupt(f"blob {ref}: longer than its {ref.bytes} bytes")
        yield chunk
    if size != ref.bytes or digest.hexdigest() != ref.sha256:
        raise BlobCorrupt(f"blob {ref}: {size} of {ref.bytes} bytes, or another digest")


async def gathered(ref: BlobRef, chunks: AsyncIterable[bytes], *, max_bytes: int) -> bytes:
    """All bytes of a blob that is not larger than allowed.

    Raises:
        BlobTooLarge, BlobCorrupt
    """
    if ref.bytes > max_bytes:
        raise BlobTooLarge(f"blob {ref}: {ref.bytes} bytes, {max_bytes} are allowed")
    return b"".join([chunk async for chunk in chunks])


def described(ref: BlobRef, **more: int) -> bytes:
    """The description that is stored beside the bytes."""
    return orjson.dumps(
        {"bytes": ref.bytes, "sha256": ref.sha256, "content_type": ref.content_type, **more}
    )


def description(name: BlobName, stored: bytes) -> tuple[BlobRef, dict[str, int]]:
    """What ``described`` has written; stored bytes are not trusted.

    Raises:
        BlobCorrupt
    """
    try:
        fields = orjson.loads(stored)
        ref = BlobRef(
            name, int(fields["bytes"]), str(fields["sha256"]), str(fields["content_type"])
        )
        more = {key: int(fields[key]) for key in ("chunks", "expires_ms") if key in fields}
    except (ValueError, KeyError, TypeError) as error:
        raise BlobCorrupt(f"blob {name}: unreadable description") from error
    return ref, more
