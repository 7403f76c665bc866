"""The throw-away servers themselves."""

import os

import pytest

from asynctaskflow_testkit.servers import Flavour, available, start_replica, start_server
from asynctaskflow_testkit.waiting import until


@pytest.fixture(params=available(), ids=str)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return request.param


def test_a_server_keeps_its_data_and_its_port_over_a_kill(flavour: Flavour) -> None:
    with start_server(flavour) as server:
        port = server.port
        server.command("SET", "kept", "yes")
        server.kill()
        assert not server.alive
        server.restart()
        assert server.port == port
        assert server.command("GET", "kept") == "yes"


def test_closing_a_server_ends_its_process_and_removes_its_data(flavour: Flavour) -> None:
    server = start_server(flavour)
    pid, folder = server.pid, server.folder
    server.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_frozen_server_can_be_closed(flavour: Flavour) -> None:
    server = start_server(flavour)
    server.freeze()
    server.close()
    assert not server.alive


def test_a_replica_follows_its_primary(flavour: Flavour) -> None:
    with start_server(flavour) as primary, start_replica(primary) as replica:
        primary.command("SET", "copied", "yes")
        until(lambda: replica.command("GET", "copied") == "yes", 5)
