"""A queue on an empty server of each kind."""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow_testkit.queues import QueueUnderTest, open_queue


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        yield opened
