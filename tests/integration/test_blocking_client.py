"""The blocking client against real servers: what a program without an event loop asks of it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from asynctaskflow import TaskClient
from asynctaskflow.blobs.port import NewBlob
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.errors import (
    IdempotencyConflict,
    InvalidTransition,
    QueueFull,
    TaskNotCompleted,
    TaskNotFound,
)
from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import Accepted, Complete
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer

NEVER_STORED = TaskId(FUNCTION, "01890000-0000-7000-8000-00000000000a")
THREADS = 8


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        yield opened


@pytest.fixture
def client(redis_url: str) -> Iterator[TaskClient]:
    with TaskClient(redis_url) as opened:
        yield opened


async def test_a_task_is_claimed_with_the_input_that_it_was_given(
    client: TaskClient, q: QueueUnderTest
) -> None:
    accepted = client.enqueue(FUNCTION, {"n": 1})
    claimed = await q.claim_one()

    assert accepted.created
    assert claimed.id == accepted.id
    assert claimed.input == b'{"n":1}'


async def test_bytes_are_json_already(client: TaskClient, q: QueueUnderTest) -> None:
    client.enqueue(FUNCTION, b'[1, "as it is"]')

    assert (await q.claim_one()).input == b'[1, "as it is"]'


async def test_every_option_reaches_the_record(client: TaskClient, q: QueueUnderTest) -> None:
    accepted = client.enqueue(
        FUNCTION, 1, delay_s=60, max_age_s=120, max_attempts=7, traceparent="00-a-b-01"
    )
    found = client.get(accepted.id)

    assert accepted.state == found.state == TaskState.SCHEDULED
    assert found.due_ms == found.created_ms + 60_000
    assert found.expires_ms == found.created_ms + 180_000
    assert (found.max_attempts, found.traceparent) == (7, "00-a-b-01")
    assert (await q.queue.depths(FUNCTION)).primary == 0


async def test_a_bulk_keeps_its_order_over_several_batches(
    client: TaskClient, q: QueueUnderTest
) -> None:
    answers = client.enqueue_many(FUNCTION, range(1050))
    claimed = [task for _ in range(2) for task in await q.claim(600)]

    assert all(isinstance(answer, Accepted) and answer.created for answer in answers)
    assert [task.input for task in claimed] == [b"%d" % n for n in range(1050)]
    assert [task.id for task in claimed] == [
        answer.id for answer in answers if isinstance(answer, Accepted)
    ]


def test_no_input_is_no_call(client: TaskClient) -> None:
    assert client.enqueue_many(FUNCTION, []) == []


async def test_a_full_queue_refuses_one_and_part_of_many(
    client: TaskClient, q: QueueUnderTest
) -> None:
    await q.queue.register(FUNCTION, FunctionSpec(handler="a:b", queue=QueueLimits(max_depth=3)))
    answers = client.enqueue_many(FUNCTION, range(5))

    assert [type(answer) for answer in answers] == [Accepted] * 3 + [QueueFull] * 2
    with pytest.raises(QueueFull):
        client.enqueue(FUNCTION, 1)


def test_a_key_gives_the_same_task_and_refuses_another_input(client: TaskClient) -> None:
    first = client.enqueue(FUNCTION, 1, idempotency_key="k")
    again = client.enqueue(FUNCTION, 1, idempotency_key="k")

    assert first.created
    assert not again.created
    assert again.id == first.id
    with pytest.raises(IdempotencyConflict):
        client.enqueue(FUNCTION, 2, idempotency_key="k")


async def test_a_result_is_there_for_whoever_waits(client: TaskClient, q: QueueUnderTest) -> None:
    accepted = client.enqueue(FUNCTION, 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.result, accepted.id, timeout_s=60)
        await q.complete(await q.claim_one(), b'{"answer":42}')
        assert waiting.result() == {"answer": 42}

    assert client.result(str(accepted.id)) == {"answer": 42}
    assert client.wait(accepted.id, timeout_s=0).state == TaskState.COMPLETED


async def test_who_waits_in_vain_is_told_and_the_task_stays(client: TaskClient) -> None:
    accepted = client.enqueue(FUNCTION, 1)

    with pytest.raises(TimeoutError, match="PENDING after"):
        client.wait(accepted.id, timeout_s=0.02)
    with pytest.raises(TaskNotCompleted) as caught:
        client.result(accepted.id)
    assert caught.value.state == TaskState.PENDING
    assert client.get(accepted.id).state == TaskState.PENDING


async def test_a_failed_task_says_why_it_has_no_result(
    client: TaskClient, q: QueueUnderTest
) -> None:
    accepted = client.enqueue(FUNCTION, 1)
    await q.fail(await q.claim_one(), name="boom")

    assert client.wait(accepted.id, timeout_s=60).state == TaskState.DLQ
    with pytest.raises(TaskNotCompleted, match="boom happened") as caught:
        client.result(accepted.id, timeout_s=60)
    assert (caught.value.state, caught.value.error_class) == (TaskState.DLQ, "boom")


async def test_a_large_result_is_fetched_from_where_it_is(
    client: TaskClient, q: QueueUnderTest
) -> None:
    async def data() -> AsyncIterator[bytes]:
        yield b'["large"]'

    client.enqueue(FUNCTION, 1)
    claimed = await q.claim_one()
    ref = str(await RedisBlobs(q.client).put(NewBlob(FUNCTION, 100), data()))
    await q.worker().turn([Complete(claimed.id, claimed.lease, b"", ref)], free_slots=0)

    # In a thread with a running loop, as in a notebook.
    assert client.result(claimed.id) == ["large"]


async def test_a_result_that_was_deleted_meanwhile_is_not_found(
    client: TaskClient, q: QueueUnderTest
) -> None:
    client.enqueue(FUNCTION, 1)
    claimed = await q.claim_one()
    await q.complete(claimed)
    await q.client.delete(keys.task_result(FUNCTION, claimed.id.uuid))

    with pytest.raises(TaskNotFound, match="deleted"):
        client.result(claimed.id)


def test_a_queued_task_is_cancelled_once(client: TaskClient) -> None:
    accepted = client.enqueue(FUNCTION, 1)

    assert client.cancel(accepted.id, reason="no need") == TaskState.PENDING
    assert client.wait(accepted.id, timeout_s=60).state == TaskState.CANCELLED
    with pytest.raises(InvalidTransition):
        client.cancel(accepted.id)


def test_a_task_that_is_not_there_is_not_found_by_any_call(client: TaskClient) -> None:
    for call in (
        client.get,
        client.cancel,
        client.result,
        partial(client.wait, timeout_s=60),
    ):
        with pytest.raises(TaskNotFound):
            call(NEVER_STORED)


async def test_threads_share_a_client_and_keep_their_answers(
    client: TaskClient, q: QueueUnderTest
) -> None:
    ready = Barrier(THREADS)

    def enqueue(thread: int) -> dict[TaskId, bytes]:
        ready.wait()
        inputs = [b"%d" % (100 * thread + n) for n in range(50)]
        for one in inputs:
            client.enqueue(FUNCTION, one, idempotency_key=one.decode())
        # Replays: their ids come out of the replies.
        return {
            client.enqueue(FUNCTION, one, idempotency_key=one.decode()).id: one for one in inputs
        }

    with ThreadPoolExecutor(THREADS) as pool:
        found = [pair for part in pool.map(enqueue, range(THREADS)) for pair in part.items()]

    assert len(found) == 50 * THREADS
    assert [await q.queue.input(task_id) for task_id, _ in found] == [one for _, one in found]


FORKING = """
import os, sys
import redis
from asynctaskflow import TaskClient

url = sys.argv[1]
client, admin = TaskClient(url), redis.Redis.from_url(url)

def opened_by_one_more_task():
    before = admin.info("stats")["total_connections_received"]
    client.enqueue("echo", 1)
    return admin.info("stats")["total_connections_received"] - before

client.enqueue("echo", 1)
again = opened_by_one_more_task()
child = os.fork()
if child == 0:
    admin = redis.Redis.from_url(url)
    admin.ping()
    os._exit(opened_by_one_more_task())
_, status = os.waitpid(child, 0)
print(again, os.waitstatus_to_exitcode(status), opened_by_one_more_task())
"""


def test_a_forked_process_opens_a_connection_of_its_own(redis_url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORKING, redis_url], capture_output=True, text=True, check=False
    )

    assert ended.stdout.split() == ["0", "1", "0"], ended.stderr


def test_a_forgotten_script_is_sent_again(client: TaskClient, server: RedisServer) -> None:
    server.command("SCRIPT", "FLUSH")
    assert client.enqueue(FUNCTION, 1).created

    server.command("SCRIPT", "FLUSH")
    answers = client.enqueue_many(FUNCTION, range(1000))

    assert all(isinstance(answer, Accepted) and answer.created for answer in answers)
    assert server.command("LLEN", f"tasks:pending:primary:{{{FUNCTION}}}") == 1001


def commands(server: RedisServer) -> int:
    stats = server.admin.info("commandstats")
    return sum(int(one["calls"]) for name, one in stats.items() if name != "cmdstat_info")


@pytest.mark.parametrize(("max_depth", "most"), [(None, 10), (1000, 12)])
def test_a_new_task_costs_one_round_trip_and_a_dozen_commands(
    client: TaskClient, server: RedisServer, max_depth: int | None, most: int
) -> None:
    if max_depth:
        server.command("HSET", f"function:{{{FUNCTION}}}", "max_depth", max_depth)
    client.enqueue(FUNCTION, 1)
    server.command("CONFIG", "RESETSTAT")
    client.enqueue(FUNCTION, 2)

    # RESETSTAT counts itself.
    assert commands(server) - 1 == most
    assert server.admin.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
