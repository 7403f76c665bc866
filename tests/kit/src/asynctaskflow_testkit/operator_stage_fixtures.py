"""Fixtures of the tests of a whole operator; modules load it with ``pytest_plugins``.

``kube_api`` comes from the conftest of those tests. One kind of Redis is enough here, except where it is named.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.operator_stage import RunningOperator, Stage, open_stage, operating
from asynctaskflow_testkit.processes import Fleet
from asynctaskflow_testkit.servers import RedisServer, start_server


@pytest.fixture(scope="session")
def stage_servers() -> Iterator[RedisServer]:
    """One server for all of these tests."""
    with start_server() as server:
        yield server


@pytest.fixture
def stage_redis(stage_servers: RedisServer) -> RedisServer:
    """It, up and empty."""
    stage_servers.empty()
    return stage_servers


@pytest.fixture
async def stage(
    kube_api: KubeApi, stage_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """A namespace without an operator."""
    monkeypatch.setenv("KUBECONFIG", str(kube_api.kubeconfig))
    async with open_stage(kube_api, stage_redis.url) as opened:
        yield opened


@pytest.fixture
async def operator(stage: Stage) -> AsyncIterator[RunningOperator]:
    """One that acts there."""
    async with operating(stage) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """For operators that are processes."""
    with Fleet(tmp_path, env={}) as opened:
        yield opened
