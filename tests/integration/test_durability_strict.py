"""Strict durability: accepted means that a replica has it, on one server and on each node of a cluster."""

from collections.abc import AsyncIterator

import pytest
from redis.crc import key_slot

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.store.connection import probe
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.cluster import RedisCluster, Shard
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_replica
from asynctaskflow_testkit.waiting import eventually

CANDIDATES = [f"f{number}" for number in range(40)]


def strict(q: QueueUnderTest, *, fsync: bool = False, timeout_ms: int = 3000) -> RedisQueue:
    durability = Durability.strict(fsync=fsync, timeout_ms=timeout_ms)
    return RedisQueue(q.client, blocking=q.blocking, durability=durability)


@pytest.fixture
async def q(cluster: RedisCluster) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(cluster.url) as opened:
        yield opened


def on_each_shard(cluster: RedisCluster) -> dict[str, Shard]:
    """A function on each primary."""
    found: dict[int, str] = {}
    for name in CANDIDATES:
        found.setdefault(cluster.primary_of(keys.events(name)).port, name)
    return {name: cluster.shard_of(keys.events(name)) for name in found.values()}


async def test_a_repeated_call_is_accepted_only_when_the_first_one_is_confirmed(
    server: RedisServer,
) -> None:
    new = NewTask("echo", b"1", idempotency_key="once")
    with start_replica(server) as replica:
        async with open_queue(server.url) as first, open_queue(server.url) as second:
            replica.freeze()
            with pytest.raises(QueueUnavailable, match="outcome unknown"):
                await strict(first, timeout_ms=300).enqueue(new)
            with pytest.raises(QueueUnavailable, match="outcome unknown"):
                await strict(second, timeout_ms=300).enqueue(new)
            replica.thaw()
            accepted = await strict(second).enqueue(new)

            assert accepted.created is False
            assert replica.command("EXISTS", keys.task("echo", accepted.id.uuid)) == 1


async def test_each_primary_of_a_cluster_confirms_with_its_own_replica(
    cluster: RedisCluster, q: QueueUnderTest
) -> None:
    queue = strict(q, fsync=(await probe(q.client)).waitaof)
    shards = on_each_shard(cluster)
    assert len(shards) == 3

    for name, shard in shards.items():
        accepted = await queue.enqueue(NewTask(name, b"1"))
        (replica,) = shard.replicas
        replica.command("READONLY")
        assert replica.command("EXISTS", keys.task(name, accepted.id.uuid)) == 1


async def test_a_primary_whose_replica_is_away_accepts_nothing_and_the_others_do(
    cluster: RedisCluster, q: QueueUnderTest
) -> None:
    (away, shard), (fine, _), *_ = on_each_shard(cluster).items()
    new = NewTask(away, b"1", idempotency_key="once")
    await strict(q).enqueue(NewTask(away, b"0"))
    shard.replicas[0].freeze()
    try:
        for _ in range(2):
            with pytest.raises(QueueUnavailable, match="outcome unknown"):
                await strict(q, timeout_ms=300).enqueue(new)
        assert (await strict(q).enqueue(NewTask(fine, b"1"))).created
    finally:
        shard.replicas[0].thaw()

    assert (await strict(q).enqueue(new)).created is False


async def test_a_slot_that_has_moved_is_confirmed_where_it_is_now(
    cluster: RedisCluster, q: QueueUnderTest
) -> None:
    (name, shard), (_, other), *_ = on_each_shard(cluster).items()
    new = NewTask(name, b"2", idempotency_key="once")
    await strict(q).enqueue(NewTask(name, b"1"))
    slot = key_slot(keys.events(name).encode())
    cluster.migrate_slot(slot, other.primary)
    other.replicas[0].freeze()
    try:
        with pytest.raises(QueueUnavailable, match="outcome unknown"):
            await strict(q, timeout_ms=300).enqueue(
                new
            )  # not the old owner's replica: it confirms at once
        other.replicas[0].thaw()
        accepted = await strict(q).enqueue(new)

        other.replicas[0].command("READONLY")
        assert other.replicas[0].command("EXISTS", keys.task(name, accepted.id.uuid)) == 1
    finally:
        other.replicas[0].thaw()
        cluster.migrate_slot(slot, shard.primary)


async def test_a_cluster_whose_primary_died_accepts_again_after_the_failover(
    cluster: RedisCluster, q: QueueUnderTest
) -> None:
    name, shard = next(iter(on_each_shard(cluster).items()))
    queue = strict(q, timeout_ms=200)
    before = await queue.enqueue(NewTask(name, b"1"))
    shard.primary.kill()
    cluster.await_failover(shard)

    async def refused_by_the_new_primary() -> bool:
        with pytest.raises(QueueUnavailable) as refusal:
            await queue.enqueue(NewTask(name, b"2"))
        return "outcome unknown" in str(refusal.value)  # it answers, and has no replica yet

    await eventually(refused_by_the_new_primary, 20)
    shard.primary.restart()

    async def accepted() -> bool:
        try:
            return (await strict(q).enqueue(NewTask(name, b"3"))).created
        except QueueUnavailable:
            return False

    await eventually(accepted, 20, what="the old primary follows and confirms")
    assert (await q.queue.get(before.id)).id == before.id
