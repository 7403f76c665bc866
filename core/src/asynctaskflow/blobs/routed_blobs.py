"""Writes where the deployment says, reads wherever a reference points.

So the store can be changed while tasks still refer to the old one.
"""

from collections.abc import AsyncIterator, Mapping

from asynctaskflow.blobs.port import BlobName, BlobNotFound, BlobRef, BlobStore, Data, NewBlob


class RoutedBlobs:
    """A ``BlobStore`` made of several, by the scheme of their references."""

    def __init__(self, stores: Mapping[str, BlobStore], *, write: str) -> None:
        """``write`` is the scheme of the store that takes new blobs."""
        self._stores = stores
        self._write = stores[write]

    async def put(self, new: NewBlob, data: Data) -> BlobRef:
        """Store a stream; see ``BlobStore.put``."""
        return await self._write.put(new, data)

    async def stat(self, ref: str) -> BlobRef:
        """Size, digest and type."""
        return await self._of(ref).stat(ref)

    async def open(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes in chunks; see ``BlobStore.open``."""
        async for chunk in self._of(ref).open(ref):
            yield chunk

    async def read(self, ref: str, *, max_bytes: int) -> bytes:
        """All bytes; see ``BlobStore.read``."""
        return await self._of(ref).read(ref, max_bytes=max_bytes)

    async def expire(self, ref: str, *, ttl_s: float) -> None:
        """Another lifetime from now on; see ``BlobStore.expire``."""
        await self._of(ref).expire(ref, ttl_s=ttl_s)

    async def delete(self, ref: str) -> None:
        """Remove it; see ``BlobStore.delete``."""
        await self._of(ref).delete(ref)

    def _of(self, ref: str) -> BlobStore:
        scheme = BlobName.parse(ref).scheme
        if scheme not in self._stores:
            raise BlobNotFound(f"blob {ref}: this process has no {scheme} store")
        return self._stores[scheme]
