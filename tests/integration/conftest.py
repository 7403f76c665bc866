"""Real servers for the integration tests: one process per kind and session, empty for each test.

``server`` and ``redis_url`` run a test on every server program that the machine has; ``cluster`` gives three
primaries with a replica each, ``bucket`` a place in an S3 server.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asynctaskflow_testkit.blobs import Bucket, HandClock, make_bucket
from asynctaskflow_testkit.cluster import RedisCluster, start_cluster
from asynctaskflow_testkit.lifetime import LOOPBACK, end, free_port, spawn
from asynctaskflow_testkit.servers import FLAVOURS, Flavour, RedisServer, find_flavour, start_server
from asynctaskflow_testkit.waiting import until

Servers = Callable[[str], RedisServer]
Clusters = Callable[[str], RedisCluster]


def _flavour(name: str) -> Flavour:
    found = find_flavour(name)
    assert found is not None, f"this machine has no {name}"
    return found


@pytest.fixture(scope="session")
def _servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        running: dict[str, RedisServer] = {}

        def get(name: str) -> RedisServer:
            if name not in running:
                running[name] = stack.enter_context(start_server(_flavour(name)))
            return running[name]

        yield get


@pytest.fixture(scope="session")
def _clusters() -> Iterator[Clusters]:
    with ExitStack() as stack:
        running: dict[str, RedisCluster] = {}

        def get(name: str) -> RedisCluster:
            if name not in running:
                running[name] = stack.enter_context(start_cluster(_flavour(name)))
            return running[name]

        yield get


@pytest.fixture(params=FLAVOURS)
def server(request: pytest.FixtureRequest, _servers: Servers) -> RedisServer:
    """An empty server that lives on after the test; a test that kills it must restart it."""
    found = _servers(request.param)
    found.empty()
    return found


@pytest.fixture
def redis_url(server: RedisServer) -> str:
    """The empty server's URL."""
    return server.url


@pytest.fixture(params=FLAVOURS)
def cluster(request: pytest.FixtureRequest, _clusters: Clusters) -> RedisCluster:
    """An empty, whole cluster: three primaries, each with a replica."""
    found = _clusters(request.param)
    found.heal()
    found.flush()
    return found


@pytest.fixture
def cluster_url(cluster: RedisCluster) -> str:
    """The empty cluster's URL."""
    return cluster.url


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
