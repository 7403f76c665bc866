"""A server, a queue and workers in processes of their own; their handlers are in ``worker_handlers``."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_server
from asynctaskflow_testkit.worker_process import StartWorker, Submitter, worker_starter

HANDLERS = Path(__file__).with_name("worker_handlers.py")

FAST = {
    "ATF_LEASE_S": "1.2",
    "ATF_REAPER_TICK_S": "0.2",
    "ATF_UNWIND_S": "0.3",
    "ATF_GRACE_S": "1",
    "ATF_BACKOFF_BASE_S": "0.05",
    "ATF_BACKOFF_CAP_S": "0.1",
    "ATF_RECONNECT_CAP_S": "0.3",
    "ATF_LOG_FORMAT": "json",
}


@pytest.fixture(scope="module")
def _server() -> Iterator[RedisServer]:
    with start_server() as started:
        yield started


@pytest.fixture
def server(_server: RedisServer) -> RedisServer:
    """One kind of server is enough here: the queue's own tests run on all of them."""
    _server.empty()
    return _server


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def start(server: RedisServer, tmp_path: Path) -> Iterator[StartWorker]:
    env = {"ATF_REDIS_URL": server.url, **FAST}
    with worker_starter(env, handlers=HANDLERS, logs=tmp_path) as started:
        yield started


@pytest.fixture
async def queue(server: RedisServer) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(server.url) as opened:
        yield opened


@pytest.fixture
def submit(queue: QueueUnderTest, ledger: Path) -> Submitter:
    return Submitter(queue.queue, ledger)
