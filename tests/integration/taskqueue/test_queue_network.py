"""What the queue does when the network or Redis does not answer: nothing twice, nothing lost, no hanging."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from asynctaskflow.errors import QueueUnavailable, UnsafeServer
from asynctaskflow.model.task import TaskState
from asynctaskflow.store.connection import RedisOptions, open_async, probe
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.messages import Complete, NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_replica


@pytest.fixture
async def proxy(server: RedisServer) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(server.port) as opened:
        yield opened


@pytest.fixture
async def q(proxy: FaultProxy) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(proxy.url) as opened:
        yield opened


async def test_an_enqueue_whose_reply_is_lost_stores_one_task(
    q: QueueUnderTest, proxy: FaultProxy
) -> None:
    await q.enqueue()
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    accepted = await q.queue.enqueue(NewTask(FUNCTION, b"1"))

    assert proxy.dropped == 1
    assert accepted.created
    assert (await q.queue.depths(FUNCTION)).primary == 2


async def test_a_claim_whose_reply_is_lost_is_the_same_claim(
    q: QueueUnderTest, proxy: FaultProxy
) -> None:
    ids = await q.enqueue(4)
    worker = q.worker()
    await worker.turn([], free_slots=0)
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    turn = await worker.turn([], free_slots=2)

    assert proxy.dropped == 1
    assert [task.id for task in turn.batch.tasks] == ids[:2]
    assert (await q.queue.depths(FUNCTION)).states[TaskState.ACTIVE] == 2


async def test_a_settlement_whose_reply_is_lost_is_accepted(
    q: QueueUnderTest, proxy: FaultProxy
) -> None:
    await q.enqueue(2)
    worker = q.worker()
    (task,) = (await worker.turn([], free_slots=1)).batch.tasks
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    turn = await worker.turn([Complete(task.id, task.lease, b"1")], free_slots=1)

    assert proxy.dropped == 1
    assert turn.accepted == (True,)
    assert len(turn.batch.tasks) == 1
    assert await q.state(task.id) == TaskState.COMPLETED


async def test_a_silent_redis_is_reported_and_used_again_when_it_is_back(
    q: QueueUnderTest, proxy: FaultProxy
) -> None:
    await q.enqueue()
    await proxy.set_mode(Mode.BLACKHOLE)
    with pytest.raises(QueueUnavailable):
        await q.queue.enqueue(NewTask(FUNCTION, b"1"))
    with pytest.raises(QueueUnavailable):
        await q.queue.depths(FUNCTION)

    await proxy.set_mode(Mode.PASS)

    assert (await q.queue.enqueue(NewTask(FUNCTION, b"1"))).created


async def test_a_refusing_redis_is_reported_by_every_port(
    q: QueueUnderTest, proxy: FaultProxy
) -> None:
    (task_id,) = await q.enqueue()
    await proxy.set_mode(Mode.REFUSE)

    for call in (
        q.queue.get(task_id),
        q.queue.cancel(task_id),
        q.queue.pause(FUNCTION),
        q.queue.reap(FUNCTION, max_deliveries=3),
        q.queue.workers(FUNCTION),
        q.queue.functions(),
        q.worker().turn([], free_slots=1),
        q.worker().wait_for_work(timeout_s=0.1),
    ):
        with pytest.raises(QueueUnavailable):
            await call


async def test_a_cancelled_caller_leaves_its_reply_to_nobody_else(q: QueueUnderTest) -> None:
    await q.enqueue(50)
    for _ in range(20):
        impatient = asyncio.create_task(q.queue.enqueue(NewTask(FUNCTION, b"1")))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        accepted = await q.queue.enqueue(NewTask(FUNCTION, b'"mine"'))
        assert await q.queue.input(accepted.id) == b'"mine"'


async def test_concurrent_enqueues_share_round_trips_and_keep_their_answers(
    q: QueueUnderTest,
) -> None:
    await q.enqueue()
    before = (await q.client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    answers = await asyncio.gather(
        *(q.queue.enqueue(NewTask(FUNCTION, b"%d" % n)) for n in range(300))
    )

    calls = (await q.client.info("commandstats"))["cmdstat_evalsha"]["calls"] - before
    assert calls <= 20
    inputs = [await q.queue.input(answer.id) for answer in answers]
    assert inputs == [b"%d" % n for n in range(300)]


async def test_a_server_that_may_evict_is_refused(server: RedisServer) -> None:
    client = open_async(RedisOptions(server.url))
    await client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(UnsafeServer, match="noeviction"):
            await probe(client)
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.aclose()


async def test_a_full_server_refuses_new_tasks_and_still_settles_running_ones(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(2)
    running = await q.claim_one()
    await q.client.config_set("maxmemory", "1")
    try:
        with pytest.raises(QueueUnavailable, match="maxmemory"):
            await q.queue.enqueue(NewTask(FUNCTION, b"1"))
        assert await q.complete(running)
    finally:
        await q.client.config_set("maxmemory", "0")
    await q.enqueue()
    assert (await q.queue.depths(FUNCTION)).primary == 2


async def test_strict_durability_refuses_without_a_replica(server: RedisServer) -> None:
    async with open_queue(server.url) as plain:
        strict = Durability.strict(fsync=False, timeout_ms=50)
        queue = RedisQueue(plain.client, blocking=plain.blocking, durability=strict)
        with pytest.raises(QueueUnavailable, match="outcome unknown"):
            await queue.enqueue(NewTask(FUNCTION, b"1"))


async def test_strict_durability_accepts_what_a_replica_confirmed(server: RedisServer) -> None:
    with start_replica(server) as replica:
        async with open_queue(server.url) as plain:
            fsync = (await probe(plain.client)).waitaof
            strict = Durability.strict(fsync=fsync, timeout_ms=2000)
            queue = RedisQueue(plain.client, blocking=plain.blocking, durability=strict)

            accepted = await queue.enqueue(NewTask(FUNCTION, b"1"))

            assert replica.command("EXISTS", f"task:{{{FUNCTION}}}:{accepted.id.uuid}") == 1
