"""Drain marks in the queue: who is marked, what a marked worker gets, and when a mark ends."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from asynctaskflow.model import keys
from asynctaskflow.taskqueue.messages import ClaimBatch, Claimed, Complete
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow_testkit.queues import FUNCTION, LEASE_MS, QueueUnderTest, open_queue
from asynctaskflow_testkit.waiting import eventually

WORKERS = 12
TASKS = 400
ROUNDS = 8


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        await opened.register()
        yield opened


def source(q: QueueUnderTest, worker_id: str) -> RedisWorkSource:
    return RedisWorkSource(
        q.client,
        blocking=q.blocking,
        function=FUNCTION,
        worker_id=worker_id,
        lease_ms=LEASE_MS,
        roll=lambda: 0.0,
    )


async def claim(q: QueueUnderTest, worker_id: str, number: int = 1) -> ClaimBatch:
    return (await source(q, worker_id).turn([], free_slots=number)).batch


async def holders(q: QueueUnderTest) -> set[str]:
    """Workers that hold a task now, as the task records say."""
    uuids = await q.client.zrange("tasks:active:{echo}", 0, -1)
    found = [await q.client.hget(keys.task(FUNCTION, uuid.decode()), "worker") for uuid in uuids]
    return {worker.decode() for worker in found if worker}


async def claims_since(q: QueueUnderTest, stream_id: str) -> set[str]:
    """Workers that have claimed after a place in the event stream."""
    entries = await q.client.xrange(keys.events(FUNCTION), f"({stream_id}", "+")
    rows = [line.split() for _, fields in entries for line in fields[b"t"].decode().splitlines()]
    return {row[5] for row in rows if row[0] == "claimed"}


async def test_only_workers_without_a_task_are_marked(q: QueueUnderTest) -> None:
    await q.enqueue(1)
    (held,) = (await claim(q, "busy")).tasks

    marked = await q.queue.drain_workers(FUNCTION, ["busy", "idle", "starting"])

    assert marked == ["idle", "starting"]
    assert (await claim(q, "busy")).draining is False
    assert held.id.uuid


async def test_a_worker_that_has_settled_its_task_is_idle_at_once(q: QueueUnderTest) -> None:
    await q.enqueue(1)
    one = source(q, "one")
    (task,) = (await one.turn([], free_slots=1)).batch.tasks
    await one.turn([Complete(task.id, task.lease, b"1")], free_slots=0)

    assert await q.queue.drain_workers(FUNCTION, ["one"]) == ["one"]


async def test_all_workers_are_marked_if_asked_for_and_a_busy_one_keeps_its_task(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(2)
    busy = source(q, "busy")
    (task,) = (await busy.turn([], free_slots=1)).batch.tasks

    assert await q.queue.drain_workers(FUNCTION, ["busy"], only_idle=False) == ["busy"]
    turn = await busy.turn([Complete(task.id, task.lease, b"1")], free_slots=1)

    assert (turn.accepted, turn.batch.tasks, turn.batch.draining) == ((True,), (), True)
    assert await q.queue.drain_workers(FUNCTION, ["busy"]) == ["busy"]


async def test_a_marked_worker_gets_nothing_and_its_wake_up_goes_to_another(
    q: QueueUnderTest,
) -> None:
    await q.queue.drain_workers(FUNCTION, ["marked"])
    waiting = asyncio.ensure_future(source(q, "marked").claim_next(timeout_s=5))
    await eventually(lambda: _blocked(q), 5)
    await q.enqueue(1)

    batch = await waiting

    assert (batch.tasks, batch.draining) == ((), True)
    assert await source(q, "other").wait_for_work(timeout_s=1)
    assert len((await claim(q, "other")).tasks) == 1


async def _blocked(q: QueueUnderTest) -> bool:
    return bool((await q.client.info("clients"))["blocked_clients"] > 0)


async def test_a_worker_claims_again_when_its_mark_is_taken_off(q: QueueUnderTest) -> None:
    await q.queue.drain_workers(FUNCTION, ["one", "two"])
    await q.enqueue(2)

    assert await q.queue.undrain_workers(FUNCTION, ["one", "nobody"]) == 1

    assert len((await claim(q, "one")).tasks) == 1
    assert (await claim(q, "two")).draining
    assert await q.queue.undrain_workers(FUNCTION, ["two"]) == 1
    assert len((await claim(q, "two")).tasks) == 1
    assert await q.client.exists(keys.draining(FUNCTION)) == 0


async def test_a_mark_ends_by_itself_and_leaves_nothing_behind(q: QueueUnderTest) -> None:
    await q.enqueue(1)
    await q.queue.drain_workers(FUNCTION, ["one"], lasts_s=0.2)
    assert (await claim(q, "one")).draining

    async def claimed() -> tuple[Claimed, ...]:
        return (await claim(q, "one")).tasks

    assert await eventually(claimed, 5)
    assert await q.client.exists(keys.draining(FUNCTION)) == 0


async def test_a_later_mark_of_another_worker_does_not_shorten_the_first(q: QueueUnderTest) -> None:
    await q.queue.drain_workers(FUNCTION, ["long"], lasts_s=60)
    await q.queue.drain_workers(FUNCTION, ["short"], lasts_s=0.05)

    async def over() -> bool:
        return not (await claim(q, "short")).draining

    await eventually(over, 5)
    assert (await claim(q, "long")).draining


async def test_a_marked_worker_is_listed_as_draining_before_it_knows(q: QueueUnderTest) -> None:
    for name in ("one", "two"):
        q.keeper(name).renew({"state": "running"}, [])

    await q.queue.drain_workers(FUNCTION, ["one"])

    states = {info.id: info.state for info in await q.queue.workers(FUNCTION)}
    assert states == {"one": "draining", "two": "running"}


async def test_a_damaged_record_does_not_stop_a_scale_down(q: QueueUnderTest) -> None:
    await q.client.zadd("tasks:active:{echo}", {"not-a-task": 1})
    await q.client.set(keys.task(FUNCTION, "not-a-task"), "damaged")

    assert await q.queue.drain_workers(FUNCTION, ["idle"]) == ["idle"]


async def test_no_marks_are_set_for_nobody(q: QueueUnderTest) -> None:
    assert await q.queue.drain_workers(FUNCTION, []) == []
    assert await q.queue.undrain_workers(FUNCTION, []) == 0


async def test_a_worker_that_was_killed_long_ago_is_forgotten_with_its_last_claim(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(1)
    await claim(q, "killed")
    await q.client.zadd(keys.workers(FUNCTION), {"killed": 1})

    q.keeper("alive").renew({"state": "running"}, [])

    assert await q.client.hkeys(keys.claims(FUNCTION)) == []
    assert [info.id for info in await q.queue.workers(FUNCTION)] == ["alive"]


async def _work(q: QueueUnderTest, worker_id: str, stop: asyncio.Event, dice: random.Random) -> int:
    """A worker of two slots that never rests; how many tasks it has completed."""
    mine, done = source(q, worker_id), 0
    held: list[Claimed] = []
    while not stop.is_set() or held:
        settled, held = held[:1], held[1:]
        ended = [Complete(task.id, task.lease, b"1") for task in settled]
        free = 0 if stop.is_set() else 2 - len(held)
        turn = await mine.turn(ended, free_slots=free)
        assert all(turn.accepted), "a task was taken from its worker"
        done += len(ended)
        held += turn.batch.tasks
        await asyncio.sleep(dice.random() * 0.01)
    return done


async def test_under_load_no_worker_claims_after_its_mark_and_all_do_after_it_is_taken_off(
    q: QueueUnderTest,
) -> None:
    dice, stop = random.Random(7), asyncio.Event()
    names = [f"w{number}" for number in range(WORKERS)]
    await q.enqueue(TASKS)
    fleet = [asyncio.ensure_future(_work(q, name, stop, dice)) for name in names]
    marked_at_all = set()

    for _ in range(ROUNDS):
        marked = set(await q.queue.drain_workers(FUNCTION, names))
        place = await q.queue.last_event_id(FUNCTION)
        assert not marked & await holders(q), "a worker with a task was marked, or claimed since"
        await q.enqueue(40)
        others = set(names) - marked

        async def others_went_on(place: str = place, others: set[str] = others) -> bool:
            return bool(others & await claims_since(q, place)) or not others

        await eventually(others_went_on, 5)
        assert not marked & await claims_since(q, place), "a marked worker has claimed"
        marked_at_all |= marked
        place = await q.queue.last_event_id(FUNCTION)
        await q.queue.undrain_workers(FUNCTION, names)
        await q.enqueue(200)

        async def all_claim(place: str = place) -> bool:
            return await claims_since(q, place) >= set(names)

        await eventually(all_claim, 5)

    stop.set()
    await asyncio.gather(*fleet)
    assert marked_at_all, "nobody was ever idle: nothing was shown"


async def test_beside_more_running_tasks_than_can_be_looked_at_nobody_counts_as_idle(
    q: QueueUnderTest,
) -> None:
    await q.enqueue(5001)
    busy = source(q, "busy")
    while (await busy.turn([], free_slots=1000)).batch.tasks:
        pass

    assert await q.queue.drain_workers(FUNCTION, ["idle"]) == []
    assert await q.queue.drain_workers(FUNCTION, ["idle"], only_idle=False) == ["idle"]
