"""A dependency that nobody has registered yet, in an empty Redis."""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow_testkit.dependencies import SharedDependency


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[SharedDependency]:
    client = open_async(RedisOptions(redis_url, timeout_s=1, retries=1))
    yield SharedDependency(client, RedisDependencies(client))
    await client.aclose()
