"""The chaos suite: real processes, real faults, an outside ledger, and the law book at the end of each test.

``CHAOS_SEED`` replays a run, ``CHAOS_SCALE`` multiplies tasks and faults.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asynctaskflow_testkit.servers import RedisServer, start_server
from asynctaskflow_testkit.settings import ChaosSettings
from asynctaskflow_testkit.stage import Stage, open_stage

SETTINGS = ChaosSettings()
SEED = SETTINGS.seed or secrets.randbelow(1_000_000) + 1


def pytest_report_header() -> str:
    return f"chaos: CHAOS_SEED={SEED} CHAOS_SCALE={SETTINGS.scale:g}"


@pytest.fixture
def seed() -> int:
    """The run's seed."""
    return SEED


@pytest.fixture
def scale() -> float:
    """Multiplies numbers of tasks and faults."""
    return SETTINGS.scale


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of its own, append-only file on: chaos tests kill it."""
    with start_server() as started:
        yield started


@pytest.fixture
async def stage(
    server: RedisServer, tmp_path: Path, seed: int, scale: float
) -> AsyncIterator[Stage]:
    """A stage on the server."""
    async with open_stage(server, tmp_path, seed=seed, scale=scale) as opened:
        yield opened
