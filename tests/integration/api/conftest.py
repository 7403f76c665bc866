"""An API over an empty server, with three functions registered; nothing runs their tasks but the test."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from asynctaskflow_api.app import create_app
from asynctaskflow_testkit.api import SPEC, client_of, patient_settings
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        for name in (FUNCTION, "summarize", "pdfxtract"):
            await opened.queue.register(name, SPEC)
        yield opened


@pytest.fixture
async def http(redis_url: str, q: QueueUnderTest) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(
        patient_settings(
            redis_url, body_max_bytes=50_000, upload_max_bytes=100_000, bulk_max_tasks=50
        )
    )
    async with client_of(app) as client:
        yield client
