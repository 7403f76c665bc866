"""The fixtures that every integration test stands on."""

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster as ClusterClient
from redis.crc import key_slot

from asynctaskflow_testkit.cluster import RedisCluster
from asynctaskflow_testkit.servers import RedisServer


async def test_each_test_gets_an_empty_server(server: RedisServer, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left-behind", "by the run before: the next one must not see it")
    assert redis_url == server.url


async def test_the_cluster_spreads_keys_over_three_primaries(cluster: RedisCluster) -> None:
    async with ClusterClient.from_url(cluster.url.replace("redis+cluster", "redis")) as client:
        for number in range(50):
            await client.set(f"key-{number}", number)
    sizes = [shard.primary.command("DBSIZE") for shard in cluster.shards()]
    assert len(sizes) == 3
    assert sum(sizes) == 50
    assert min(sizes) > 0


def test_a_slot_moves_key_by_key(cluster: RedisCluster) -> None:
    keys = [f"{{tag}}:{number}" for number in range(25)]
    source = cluster.primary_of(keys[0])
    target = next(shard.primary for shard in cluster.shards() if shard.primary is not source)
    for key in keys:
        source.command("SET", key, 1)
    assert cluster.migrate_slot(key_slot(b"{tag}"), target) == len(keys)
    assert cluster.primary_of(keys[0]) is target
    assert target.command("EXISTS", *keys) == len(keys)


def test_a_killed_primary_is_replaced_by_its_replica_and_heals(cluster: RedisCluster) -> None:
    shard = cluster.shard_of("any")
    shard.primary.kill()
    cluster.await_failover(shard)
    assert cluster.primary_of("any") is shard.replicas[0]
    cluster.heal()
    assert cluster.is_whole()
