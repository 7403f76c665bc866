"""What every blob store promises, on each adapter and a real server."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from asynctaskflow.blobs.content import CHUNK_BYTES
from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.port import (
    BlobCorrupt,
    BlobNotFound,
    BlobStore,
    BlobTooLarge,
    NewBlob,
)
from asynctaskflow_testkit.blobs import (
    LARGE,
    MANY,
    MIB,
    chunks_of,
    is_gone,
    move_clock,
    overwrite,
    stored,
)
from asynctaskflow_testkit.waiting import eventually


async def test_a_stream_comes_back_as_it_went_in(blobs: BlobStore):
    ref = await blobs.put(MANY, chunks_of(LARGE))

    assert await blobs.read(str(ref), max_bytes=64 * MIB) == LARGE
    assert (ref.bytes, ref.sha256) == (len(LARGE), sha256(LARGE).hexdigest())


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
async def test_every_size_around_a_chunk_survives(blobs: BlobStore, size: int):
    data = LARGE[:size]

    assert await blobs.read(str(await blobs.put(MANY, data)), max_bytes=2 * MIB) == data


async def test_a_reader_gets_chunks_not_one_block(blobs: BlobStore):
    ref = await blobs.put(MANY, chunks_of(LARGE))

    chunks = [chunk async for chunk in blobs.open(str(ref))]

    assert b"".join(chunks) == LARGE
    assert len(chunks) > 1


async def test_size_digest_and_type_are_known_without_reading(blobs: BlobStore):
    new = NewBlob("summarize", MIB, content_type="application/pdf")
    ref = await blobs.put(new, b"%PDF-")

    assert await blobs.stat(str(ref)) == ref
    assert ref.content_type == "application/pdf"


async def test_a_stream_over_the_limit_is_refused_and_leaves_nothing(blobs: BlobStore):
    taken = 0

    async def far_too_long() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 40:
            taken += 1
            yield b"x" * MIB

    with pytest.raises(BlobTooLarge):
        await blobs.put(NewBlob("summarize", 8 * MIB), far_too_long())
    assert taken == 9
    assert await stored(blobs) == []


async def test_a_stream_that_breaks_leaves_nothing(blobs: BlobStore):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (6 * MIB)
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await blobs.put(MANY, broken())
    assert await stored(blobs) == []


async def test_an_upload_that_is_cancelled_leaves_nothing(blobs: BlobStore):
    started = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x" * (2 * MIB)
        started.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(blobs.put(MANY, stuck()))
    await started.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    assert await stored(blobs) == []


async def test_a_blob_larger_than_the_reader_allows_is_not_read(blobs: BlobStore):
    ref = await blobs.put(MANY, b"twelve bytes")

    with pytest.raises(BlobTooLarge):
        await blobs.read(str(ref), max_bytes=11)


async def test_a_deleted_blob_is_gone_and_deleting_again_is_fine(blobs: BlobStore):
    ref = str(await blobs.put(MANY, chunks_of(LARGE)))
    await blobs.delete(ref)
    await blobs.delete(ref)

    with pytest.raises(BlobNotFound):
        await blobs.read(ref, max_bytes=64 * MIB)
    assert await stored(blobs) == []


async def test_what_was_never_stored_is_not_found(blobs: BlobStore):
    scheme = (await blobs.put(MANY, b"")).name.scheme
    missing = f"{scheme}:summarize/none"

    with pytest.raises(BlobNotFound):
        await blobs.stat(missing)
    with pytest.raises(BlobNotFound):
        await blobs.expire(missing, ttl_s=1)
    with pytest.raises(BlobNotFound):
        await anext(aiter(blobs.open(missing)))


async def test_a_blob_that_nobody_attached_is_gone_after_its_time(blobs: BlobStore):
    ref = str(await blobs.put(NewBlob("summarize", MIB, ttl_s=0.2), b"data"))
    move_clock(blobs, ms=200)

    await eventually(lambda: is_gone(blobs, ref), 5)


async def test_an_attached_blob_outlives_its_first_time(blobs: BlobStore):
    ref = str(await blobs.put(NewBlob("summarize", MIB, ttl_s=0.2), b"data"))
    await blobs.expire(ref, ttl_s=1000)
    witness = str(await blobs.put(NewBlob("summarize", MIB, ttl_s=0.2), b"data"))
    move_clock(blobs, ms=200)
    await eventually(lambda: is_gone(blobs, witness), 5)

    assert await blobs.read(ref, max_bytes=10) == b"data"


async def test_two_blobs_of_one_hint_do_not_touch_each_other(blobs: BlobStore):
    new = NewBlob("summarize", MIB, hint="result-7")
    first, second = await blobs.put(new, b"first"), await blobs.put(new, b"second")

    assert str(first) != str(second)
    assert await blobs.read(str(first), max_bytes=10) == b"first"


async def test_changed_bytes_are_noticed(blobs: BlobStore):
    ref = await blobs.put(MANY, b"the true bytes")
    await overwrite(blobs, ref.name, b"the fake bytes")

    with pytest.raises(BlobCorrupt):
        await blobs.read(str(ref), max_bytes=100)


@pytest.mark.parametrize("data", [b"the true bytes and more", b"the true"])
async def test_added_and_missing_bytes_are_noticed(blobs: BlobStore, data: bytes):
    ref = await blobs.put(MANY, b"the true bytes")
    await overwrite(blobs, ref.name, data)

    with pytest.raises(BlobCorrupt):
        await blobs.read(str(ref), max_bytes=100)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"bytes":"x"}', b"\xff"])
async def test_an_unreadable_description_is_noticed(blobs: BlobStore, text: bytes):
    ref = await blobs.put(MANY, b"the true bytes")
    await overwrite(blobs, ref.name, text, description=True)

    with pytest.raises(BlobCorrupt):
        await blobs.read(str(ref), max_bytes=100)


async def test_a_worker_reads_the_blobs_of_its_own_function_only(blobs: BlobStore):
    mine = FunctionBlobs(blobs, "summarize", max_bytes=MIB)
    foreign = FunctionBlobs(blobs, "pdfxtract", max_bytes=MIB)
    ref = await mine.put(b"secret", name="result-1")

    assert await mine.get(ref) == b"secret"
    with pytest.raises(BlobNotFound):
        await foreign.get(ref)
