"""Strict durability against a replica that is connected and does not answer."""

from collections.abc import AsyncIterator, Iterator

import pytest

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import probe
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_replica, start_server

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def replica(server: RedisServer) -> Iterator[RedisServer]:
    with start_replica(server) as started:
        yield started


@pytest.fixture
async def plain(server: RedisServer) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(server.url) as opened:
        yield opened


@pytest.mark.parametrize(
    "new",
    [
        NewTask(FUNCTION, b"1", idempotency_key="order-1"),
        NewTask(FUNCTION, b"1", uuid=UUID),
    ],
    ids=["idempotency key", "uuid"],
)
async def test_a_repeated_enqueue_is_not_accepted_before_a_replica_confirms_it(
    replica: RedisServer, plain: QueueUnderTest, new: NewTask
):
    fsync = (await probe(plain.client)).waitaof
    strict = Durability.strict(fsync=fsync, timeout_ms=100)
    queue = RedisQueue(plain.client, blocking=plain.blocking, durability=strict)
    replica.freeze()
    try:
        for _ in range(3):
            with pytest.raises(QueueUnavailable, match="outcome unknown"):
                await queue.enqueue(new)
            await (
                plain.client.connection_pool.disconnect()
            )  # as after a lost reply, or another API's
    finally:
        replica.thaw()
    patient = Durability.strict(fsync=fsync, timeout_ms=5000)
    queue = RedisQueue(plain.client, blocking=plain.blocking, durability=patient)
    accepted = await queue.enqueue(new)
    key = f"task:{{{FUNCTION}}}:{accepted.id.uuid}"
    assert replica.command("HGET", key, "state") == "PENDING"
    assert await plain.client.ttl(key) == -1


async def test_strict_on_a_server_that_writes_no_file_is_refused_and_not_an_unknown_error(
    server: RedisServer,
):
    with start_server(server.flavour, options={"appendonly": "no"}) as forgetful:
        async with open_queue(forgetful.url) as plain:
            fsync = (await probe(plain.client)).waitaof
            strict = Durability.strict(fsync=fsync, timeout_ms=100)
            queue = RedisQueue(plain.client, blocking=plain.blocking, durability=strict)
            with pytest.raises(QueueUnavailable, match="confirmed"):
                await queue.enqueue(NewTask(FUNCTION, b"1"))
