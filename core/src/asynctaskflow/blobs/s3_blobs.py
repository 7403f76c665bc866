"""Blobs in an S3-compatible store (extra ``s3``): for payloads that should not live in Redis' memory.

Two objects per blob, ``<function>/<id>`` and beside it ``<function>/<id>.json``, written last and deleted
first. Object stores have no lifetime per object: past it a blob is not found, and ``sweep`` removes it. Credentials
come from where the AWS tools look for them.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from asynctaskflow.blobs.content import (
    CHUNK_BYTES,
    Intake,
    compared,
    described,
    description,
    gathered,
)
from asynctaskflow.blobs.port import (
    BlobCorrupt,
    BlobName,
    BlobNotFound,
    BlobRef,
    BlobsUnavailable,
    Data,
    NewBlob,
)
from asynctaskflow.clock import Clock

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config

SCHEME = "s3"
DESCRIPTION = ".json"
DESCRIPTION_TYPE = "application/json"
PART_BYTES = 5 * CHUNK_BYTES
REQUEST_TIMEOUT_S = 30
RETRY_TIMEOUT_S = 60
RETRIES = 3
OPTIONS = frozenset({"endpoint", "region"})


def s3_store(url: str) -> S3Store:
    """The bucket of ``s3://bucket/prefix?endpoint=…&region=…``; plain HTTP only to an ``http://`` endpoint.

    Raises:
        ValueError: another scheme, no bucket, or an unknown option.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if parts.scheme != SCHEME or not parts.netloc or options.keys() - OPTIONS:
        raise ValueError("blob URL: expected s3://bucket/prefix?endpoint=…&region=…")
    config: S3Config = {"virtual_hosted_style_request": False}
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    if "region" in options:
        config["region"] = options["region"]
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={
            "allow_http": options.get("endpoint", "").startswith("http://"),
            "timeout": timedelta(seconds=REQUEST_TIMEOUT_S),
        },
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": timedelta(seconds=RETRY_TIMEOUT_S),
        },
    )


class S3Blobs:
    """A ``BlobStore``."""

    def __init__(self, store: S3Store, clock: Clock) -> None:
        """Nothing is sent yet."""
        self._store = store
        self._clock = clock

    async def put(self, new: NewBlob, data: Data) -> BlobRef:
        """Store a stream; see ``BlobStore.put``."""
        name = BlobName.new(SCHEME, new.function, new.hint)
        intake, complete = Intake(name, new), False
        try:
            await self._upload(name, intake.chunks(data), new.content_type)
            ref = intake.ref()
            await self._describe(ref, new.ttl_s)
            complete = True
        finally:
            if not complete:
                with suppress(BlobsUnavailable):
                    await self._remove(name)
        return ref

    async def stat(self, ref: str) -> BlobRef:
        """Size, digest and type."""
        return (await self._described(BlobName.parse(ref)))[0]

    async def open(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes in chunks; see ``BlobStore.open``."""
        found = await self.stat(ref)
        async for chunk in compared(found, self._chunks(found.name)):
            yield chunk

    async def read(self, ref: str, *, max_bytes: int) -> bytes:
        """All bytes; see ``BlobStore.read``."""
        found = await self.stat(ref)
        stream = compared(found, self._chunks(found.name))
        return await gathered(found, stream, max_bytes=max_bytes)

    async def expire(self, ref: str, *, ttl_s: float) -> None:
        """Another lifetime from now on; see ``BlobStore.expire``."""
        await self._describe(await self.stat(ref), ttl_s)

    async def delete(self, ref: str) -> None:
        """Remove it; see ``BlobStore.delete``."""
        await self._remove(BlobName.parse(ref))

    async def sweep(self, *, after: str = "", limit: int = 100) -> tuple[int, str]:
        """Remove blobs past their time, looking at most at ``limit`` objects by name.

        Warning: uploads that a crash cut short have no description; a lifecycle rule of the bucket removes those.

        Returns:
            How many were removed, and what to pass as ``after`` next; empty at the end.
        """
        with _translated():
            listing = obstore.list(self._store, offset=after or None, chunk_size=limit)
            page: Sequence[ObjectMeta] = await anext(listing, [])
        removed = 0
        for path in [str(one["path"]) for one in page]:
            if path.endswith(DESCRIPTION):
                removed += await self._removed_if_over(f"{SCHEME}:{path.removesuffix(DESCRIPTION)}")
        return removed, str(page[-1]["path"]) if len(page) == limit else ""

    async def _removed_if_over(self, ref: str) -> bool:
        try:
            await self.stat(ref)
        except BlobNotFound:
            await self.delete(ref)
            return True
        except BlobCorrupt:
            return False
        return False

    async def _upload(self, name: BlobName, chunks: AsyncIterator[bytes], kind: str) -> None:
        """A failure inside ``chunks`` ends the upload and comes out as it is."""
        with _translated():
            await obstore.put_async(
                self._store,
                _path(name),
                chunks,
                attributes={"Content-Type": kind},
                chunk_size=PART_BYTES,
            )

    async def _describe(self, ref: BlobRef, ttl_s: float) -> None:
        expires_ms = self._clock.wall_ms() + max(1, round(ttl_s * 1000))
        with _translated():
            await obstore.put_async(
                self._store,
                _path(ref.name) + DESCRIPTION,
                described(ref, expires_ms=expires_ms),
                attributes={"Content-Type": DESCRIPTION_TYPE},
            )

    async def _described(self, name: BlobName) -> tuple[BlobRef, int]:
        try:
            with _translated():
                found = await obstore.get_async(self._store, _path(name) + DESCRIPTION)
                stored = bytes(await found.bytes_async())
        except BlobNotFound:
            raise BlobNotFound(f"blob {name}: not found") from None
        ref, more = description(name, stored)
        expires_ms = more.get("expires_ms", 0)
        if expires_ms <= self._clock.wall_ms():
            raise BlobNotFound(f"blob {name}: past its time")
        return ref, expires_ms

    async def _chunks(self, name: BlobName) -> AsyncIterator[bytes]:
        with _translated():
            found = await obstore.get_async(self._store, _path(name))
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    async def _remove(self, name: BlobName) -> None:
        with _translated(), suppress(NotFoundError):
            await obstore.delete_async(self._store, _path(name) + DESCRIPTION)
        with _translated(), suppress(NotFoundError):
            await obstore.delete_async(self._store, _path(name))


def _path(name: BlobName) -> str:
    if name.scheme != SCHEME:
        raise BlobNotFound(f"blob {name}: not in this store")
    return f"{name.function}/{name.id}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise BlobNotFound("not found in the object store") from error
    except (BaseError, PermissionError) as error:
        raise BlobsUnavailable(f"object store: {type(error).__name__}") from error
