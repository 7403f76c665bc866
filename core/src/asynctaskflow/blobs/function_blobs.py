"""The blob store as one function's worker sees it: whole values in and out, in its own name only."""

from asynctaskflow.blobs.port import ATTACHED_TTL_S, BlobName, BlobNotFound, BlobStore, NewBlob


class FunctionBlobs:
    """Reads the function's inputs and writes its results."""

    def __init__(self, store: BlobStore, function: str, *, max_bytes: int) -> None:
        """``max_bytes`` bounds what is read into memory and what is written."""
        self._store = store
        self._function = function
        self._max_bytes = max_bytes

    async def get(self, ref: str) -> bytes:
        """The bytes that a reference stands for.

        Raises:
            BlobNotFound: also for a blob of another function: references come from callers.
            BlobCorrupt, BlobTooLarge
        """
        if BlobName.parse(ref).function != self._function:
            raise BlobNotFound(f"blob {ref}: not of function {self._function}")
        return await self._store.read(ref, max_bytes=self._max_bytes)

    async def put(self, data: bytes, *, name: str) -> str:
        """Store bytes for as long as a task may be kept; returns their reference.

        Raises:
            BlobTooLarge
        """
        new = NewBlob(self._function, self._max_bytes, ttl_s=ATTACHED_TTL_S, hint=name)
        return str(await self._store.put(new, data))
