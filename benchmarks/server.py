"""The server between two measurements: as empty and as idle as it began."""

from asynctaskflow_testkit.servers import RedisServer
from benchmarks.witness import wait_until

FREED_WITHIN_S = 120.0


def empty(server: RedisServer) -> None:
    """Remove all data, and wait until its memory is freed: a million tasks take seconds."""
    server.command("FLUSHALL", "ASYNC")
    wait_until(
        lambda: not server.admin.info("memory")["lazyfree_pending_objects"],
        FREED_WITHIN_S,
        "the server has freed its memory",
    )
