"""Fixtures of the tests of the OpenRouter package: real sockets to the simulator, real Redis.

Test modules load it with ``pytest_plugins``; ``redis_url`` comes from the integration tests' conftest.
"""

from collections.abc import AsyncIterator

import pytest

from asynctaskflow.store.connection import AsyncRedis, RedisOptions, open_async
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.model import GuardedModel
from asynctaskflow_openrouter.reports import CallReports
from asynctaskflow_openrouter.service import OpenRouterService
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.simulator import Behaviour, Simulator
from asynctaskflow_testkit.openrouter import CANARY, CHECK_TIMEOUT_S, Limits, StillClock


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[AsyncRedis]:
    """A client of the empty server."""
    client = open_async(RedisOptions(redis_url))
    yield client
    await client.aclose()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """The API, with five dollars on the account; an answer costs half a dollar."""
    async with Simulator(Behaviour(credits=5.0, cost_per_call=0.5)) as running:
        yield running


@pytest.fixture
def settings(simulator: Simulator) -> OpenRouterSettings:
    """Settings that lead to the simulator."""
    return OpenRouterSettings.model_validate(
        {"api_key": CANARY, "base_url": simulator.base_url, "check_timeout_s": CHECK_TIMEOUT_S}
    )


@pytest.fixture
async def client(settings: OpenRouterSettings) -> AsyncIterator[OpenRouterClient]:
    """An open client."""
    async with OpenRouterClient(settings) as opened:
        yield opened


@pytest.fixture
def limits() -> Limits:
    """A limiter that only listens."""
    return Limits()


@pytest.fixture
def service(
    redis: AsyncRedis, settings: OpenRouterSettings, client: OpenRouterClient, limits: Limits
) -> OpenRouterService:
    """The service's state as one process sees it."""
    return OpenRouterService(redis, settings, client=client, limits=limits)


@pytest.fixture
def reports(redis: AsyncRedis, client: OpenRouterClient) -> CallReports:
    """Where calls are reported."""
    return CallReports(redis, credential=client.credential, unhealthy_after=3)


@pytest.fixture
def clock() -> StillClock:
    """The model's clock."""
    return StillClock()


@pytest.fixture
def model(
    settings: OpenRouterSettings,
    client: OpenRouterClient,
    service: OpenRouterService,
    reports: CallReports,
    clock: StillClock,
) -> GuardedModel:
    """The model as handlers call it."""
    return GuardedModel(
        settings=settings, client=client, service=service, reports=reports, clock=clock
    )
