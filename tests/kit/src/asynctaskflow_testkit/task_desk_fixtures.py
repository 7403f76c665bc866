"""Fixtures of the tests of Task resources; modules load it with ``pytest_plugins``.

One kind of Redis is enough here: the queue's own tests run on every kind. ``kube_api`` comes from the conftest.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_server
from asynctaskflow_testkit.task_desk import Cluster, Functions, real_cluster

ECHO = FunctionSpec(handler="handlers:echo")


@pytest.fixture(scope="session")
def task_servers() -> Iterator[RedisServer]:
    """One server for all of these tests."""
    with start_server() as server:
        yield server


@pytest.fixture
def task_server(task_servers: RedisServer) -> RedisServer:
    """It, up and empty."""
    task_servers.empty()
    return task_servers


@pytest.fixture
async def tasks_queue(task_server: RedisServer) -> AsyncIterator[QueueUnderTest]:
    """A queue that knows the function ``echo``."""
    async with open_queue(task_server.url) as opened:
        await opened.queue.register(FUNCTION, ECHO)
        yield opened


@pytest.fixture
async def tasks(kube_api: KubeApi) -> AsyncIterator[Cluster]:
    """A namespace on the API server."""
    async with real_cluster(kube_api) as opened:
        yield opened


@pytest.fixture
def functions() -> Functions:
    """The function ``echo``, open."""
    return Functions({FUNCTION: ECHO})
