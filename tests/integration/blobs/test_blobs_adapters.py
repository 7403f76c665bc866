"""What only one kind of blob store does: chunks and slots in Redis, sweeps in S3, and both side by side."""

import pytest

from asynctaskflow.blobs.opening import open_blobs
from asynctaskflow.blobs.port import (
    BlobCorrupt,
    BlobNotFound,
    BlobStore,
    BlobsUnavailable,
    NewBlob,
)
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.routed_blobs import RoutedBlobs
from asynctaskflow.blobs.s3_blobs import S3Blobs, s3_store
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_testkit.blobs import LARGE, MANY, MIB, Bucket, HandClock, chunks_of, overwrite
from asynctaskflow_testkit.lifetime import LOOPBACK, free_port
from asynctaskflow_testkit.servers import RedisServer


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
    ref = await blobs.put(MANY, chunks_of(LARGE))
    await client.delete(keys.blob("summarize", f"{ref.name.id}:7"))

    with pytest.raises(BlobNotFound):
        await blobs.read(str(ref), max_bytes=64 * MIB)
    with pytest.raises(BlobNotFound):
        await blobs.expire(str(ref), ttl_s=10)
    await client.aclose()


async def test_every_part_in_redis_has_an_end_and_lives_in_the_functions_slot(server: RedisServer):
    client = open_async(RedisOptions(server.url))
    await RedisBlobs(client).put(MANY, chunks_of(LARGE))
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
    old = [await store.put(NewBlob("summarize", MIB, ttl_s=1), b"old") for _ in range(3)]
    kept = await store.put(NewBlob("summarize", MIB, ttl_s=100), b"kept")
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
