"""The blocking client when the network or Redis fails, and where Redis is more than one server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import redis

from asynctaskflow import TaskClient
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskState
from asynctaskflow.store.connection import RedisOptions, open_async, probe
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import Accepted
from asynctaskflow_testkit.lifetime import LOOPBACK, end, free_port, spawn
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.servers import (
    REDIS_SERVER,
    RedisServer,
    find_flavour,
    start_replica,
    start_server,
)
from asynctaskflow_testkit.waiting import until

SERVICE = "queue"
MANY = 1000


@pytest.fixture
async def proxy(server: RedisServer) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(server.port) as opened:
        yield opened


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[TaskClient]:
    with TaskClient(proxy.url, timeout_s=0.5) as opened:
        yield opened


def stored(server: RedisServer) -> int:
    return int(server.command("ZCARD", keys.all_index(FUNCTION)))


async def test_an_enqueue_whose_reply_is_lost_stores_one_task(
    client: TaskClient, proxy: FaultProxy, server: RedisServer
) -> None:
    await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    accepted = await asyncio.to_thread(client.enqueue, FUNCTION, 2)

    assert proxy.dropped == 1
    assert accepted.created
    assert stored(server) == 2


async def test_a_bulk_that_loses_a_reply_stores_each_task_once(
    client: TaskClient, proxy: FaultProxy, server: RedisServer
) -> None:
    await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    answers = await asyncio.to_thread(client.enqueue_many, FUNCTION, range(MANY))

    assert proxy.dropped == 1
    assert all(isinstance(answer, Accepted) and answer.created for answer in answers)
    assert stored(server) == 1 + MANY == 1 + len({str(answer) for answer in answers})


async def test_a_connection_that_was_cut_while_idle_is_replaced(
    client: TaskClient, proxy: FaultProxy
) -> None:
    await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    await proxy.set_mode(Mode.RESET)
    await proxy.set_mode(Mode.PASS)

    assert (await asyncio.to_thread(client.enqueue, FUNCTION, 2)).created


async def test_a_silent_redis_is_reported_and_used_again_when_it_is_back(
    client: TaskClient, proxy: FaultProxy
) -> None:
    accepted = await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    await proxy.set_mode(Mode.BLACKHOLE)
    for call in (
        partial(client.enqueue, FUNCTION, 1),
        partial(client.get, accepted.id),
        partial(client.cancel, accepted.id),
    ):
        with pytest.raises(QueueUnavailable):
            await asyncio.to_thread(call)

    await proxy.set_mode(Mode.PASS)

    assert (await asyncio.to_thread(client.enqueue, FUNCTION, 1)).created


async def test_a_refusing_redis_is_each_tasks_outcome_in_a_bulk(
    client: TaskClient, proxy: FaultProxy
) -> None:
    await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    await proxy.set_mode(Mode.REFUSE)
    answers = await asyncio.to_thread(client.enqueue_many, FUNCTION, range(5))

    assert [type(answer) for answer in answers] == [QueueUnavailable] * 5


def test_a_full_server_refuses_new_tasks_one_by_one(server: RedisServer) -> None:
    with TaskClient(server.url) as client:
        client.enqueue(FUNCTION, 1)
        server.command("CONFIG", "SET", "maxmemory", "1")
        try:
            with pytest.raises(QueueUnavailable, match="maxmemory"):
                client.enqueue(FUNCTION, 2)
            assert [type(one) for one in client.enqueue_many(FUNCTION, [2])] == [QueueUnavailable]
        finally:
            server.command("CONFIG", "SET", "maxmemory", "0")

    assert stored(server) == 1


async def test_a_primary_that_became_a_replica_is_left_for_the_new_one(
    client: TaskClient, proxy: FaultProxy, server: RedisServer
) -> None:
    await asyncio.to_thread(client.enqueue, FUNCTION, 1)
    with start_server(server.flavour) as successor:
        server.command("REPLICAOF", LOOPBACK, successor.port)
        try:
            proxy.target_port = successor.port
            accepted = await asyncio.to_thread(client.enqueue, FUNCTION, 2)
        finally:
            server.command("REPLICAOF", "NO", "ONE")

        assert accepted.created
        assert stored(successor) == 1


def test_strict_durability_refuses_without_a_replica(server: RedisServer) -> None:
    strict = Durability.strict(fsync=False, timeout_ms=50)
    with TaskClient(server.url, durability=strict) as client:
        with pytest.raises(QueueUnavailable, match="outcome unknown"):
            client.enqueue(FUNCTION, 1)
        answers = client.enqueue_many(FUNCTION, [1])

    assert [type(answer) for answer in answers] == [QueueUnavailable]


async def test_strict_durability_accepts_what_a_replica_confirmed(server: RedisServer) -> None:
    plain = open_async(RedisOptions(server.url))
    fsync = (await probe(plain)).waitaof
    await plain.aclose()
    strict = Durability.strict(fsync=fsync, timeout_ms=2000)
    with start_replica(server) as replica, TaskClient(server.url, durability=strict) as client:
        server.command("SCRIPT", "FLUSH")
        accepted = client.enqueue(FUNCTION, 1)
        assert replica.command("EXISTS", keys.task(FUNCTION, accepted.id.uuid)) == 1

        answers = client.enqueue_many(FUNCTION, range(300))
        assert all(isinstance(answer, Accepted) for answer in answers)
        assert stored(replica) == 301


async def test_the_whole_life_of_a_task_works_on_a_cluster(cluster_url: str) -> None:
    with TaskClient(cluster_url) as client:
        accepted = client.enqueue(FUNCTION, 1, idempotency_key="k")
        cancelled = client.enqueue(FUNCTION, 2)
        answers = client.enqueue_many("other", range(450))
        async with open_queue(cluster_url) as q:
            await q.complete(await q.claim_one(), b'"done"')

        assert client.result(accepted.id, timeout_s=60) == "done"
        assert client.enqueue(FUNCTION, 1, idempotency_key="k").id == accepted.id
        assert client.cancel(cancelled.id) == TaskState.PENDING
        assert all(isinstance(answer, Accepted) and answer.created for answer in answers)


def test_strict_durability_is_refused_on_a_cluster_before_anything_is_stored(
    cluster_url: str,
) -> None:
    strict = Durability.strict(fsync=False)
    with TaskClient(cluster_url, durability=strict) as client:
        with pytest.raises(QueueUnavailable, match="not offered"):
            client.enqueue(FUNCTION, 1)
        answers = client.enqueue_many(FUNCTION, [1])
        assert [type(answer) for answer in answers] == [QueueUnavailable]


@contextmanager
def sentinel(primary: RedisServer, folder: Path) -> Iterator[redis.Redis]:
    """One Sentinel that watches the primary; its admin client."""
    port, config = free_port(), folder / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind {LOOPBACK}\ndir {folder}\n"
        f"sentinel monitor {SERVICE} {LOOPBACK} {primary.port} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} 200\n"
        f"sentinel failover-timeout {SERVICE} 1000\n"
    )
    process = spawn(
        [primary.flavour.binary, str(config), "--sentinel"], log=folder / "log", cwd=folder
    )
    admin = redis.Redis(host=LOOPBACK, port=port, decode_responses=True)
    try:
        until(lambda: _knows(admin), 10, what="the sentinel knows its primary")
        yield admin
    finally:
        admin.close()
        end(process)


def _knows(admin: redis.Redis) -> bool:
    try:
        found = admin.execute_command("SENTINEL", "MASTER", SERVICE)
    except redis.RedisError:
        return False
    return "num-slaves" in found


def _replicas(admin: redis.Redis) -> int:
    return len(admin.execute_command("SENTINEL", "REPLICAS", SERVICE))


def _primary_port(admin: redis.Redis) -> int:
    """Port of the primary that is named and not held for dead."""
    found = admin.execute_command("SENTINEL", "MASTER", SERVICE)
    return 0 if "down" in found["flags"] else int(found["port"])


@pytest.mark.needs("redis-server")
def test_a_client_follows_sentinel_to_the_new_primary(tmp_path: Path) -> None:
    with (
        start_server(find_flavour(REDIS_SERVER)) as primary,
        start_replica(primary) as replica,
        sentinel(primary, tmp_path) as admin,
    ):
        port = admin.connection_pool.connection_kwargs["port"]
        with TaskClient(f"redis+sentinel://{LOOPBACK}:{port}/{SERVICE}") as client:
            first = client.enqueue(FUNCTION, 1)
            until(lambda: stored(replica) == 1 and _replicas(admin) == 1, 20)

            primary.kill()
            until(lambda: _primary_port(admin) == replica.port, 30, what="it was promoted")

            assert client.get(first.id).state == TaskState.PENDING
            assert client.enqueue(FUNCTION, 2).created
            assert stored(replica) == 2
