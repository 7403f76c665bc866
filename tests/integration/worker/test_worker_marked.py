"""Worker processes under drain marks: what they do, what they say, and that nothing is interrupted."""

import asyncio
import json
import signal

from asynctaskflow_testkit.queues import QueueUnderTest
from asynctaskflow_testkit.waiting import eventually

WORKERS = 4
ROUNDS = 3


async def states(queue: QueueUnderTest, function: str) -> dict[str, str]:
    return {info.id: info.state for info in await queue.queue.workers(function)}


async def settled(queue: QueueUnderTest, function: str, number: int) -> bool:
    return (await queue.queue.depths(function)).states["COMPLETED"] == number  # type: ignore[index]


async def test_an_idle_marked_worker_claims_nothing_says_so_and_ends_at_once(start, queue, submit):
    worker = await start("waits", worker_id="one", grace_s=60, safety_tick_s=0.2).running()
    assert await queue.queue.drain_workers("waits", ["one"]) == ["one"]
    await submit("waits", seconds=0)

    await eventually(lambda: worker.events("drain_mark"), 5)
    assert await states(queue, "waits") == {"one": "draining"}
    assert worker.probe("/ready") == (503, "draining\n")
    assert (await queue.queue.depths("waits")).primary == 1

    worker.signal(signal.SIGTERM)
    assert await worker.exit_code(within_s=5) == 0
    assert not submit.lines()


async def test_a_busy_marked_worker_finishes_its_task_and_says_that_it_is_idle(
    start, queue, submit, ledger
):
    worker = await start("waits", worker_id="one", slots=2, safety_tick_s=0.2).running()
    first = await submit("waits", seconds=1)
    await submit.started()
    assert await queue.queue.drain_workers("waits", ["one"]) == []
    assert await queue.queue.drain_workers("waits", ["one"], only_idle=False) == ["one"]
    await submit("waits", seconds=0)

    async def idle() -> bool:
        (info,) = await queue.queue.workers("waits")
        return info.completed == 1 and info.active == 0 and info.state == "draining"

    await eventually(idle, 10)
    assert (await queue.queue.get(first)).state == "COMPLETED"
    assert await queue.queue.drain_workers("waits", ["one"]) == ["one"]
    assert (await queue.queue.depths("waits")).primary == 1

    await queue.queue.undrain_workers("waits", ["one"])
    await eventually(lambda: settled(queue, "waits", 2), 5)
    assert [event["draining"] for event in worker.events("drain_mark")] == [True, False]


async def test_marks_under_load_interrupt_nothing_and_those_without_a_mark_go_on(
    start, queue, submit
):
    names = [f"w{number}" for number in range(WORKERS)]
    workers = [
        await start("waits", worker_id=name, slots=1, safety_tick_s=0.2).running() for name in names
    ]
    sent = 0
    for _ in range(ROUNDS):
        for _ in range(2):
            await submit("waits", seconds=0.3)
        sent += 2
        await eventually(lambda: _running(queue), 5)
        marked = await queue.queue.drain_workers("waits", names)
        place = await queue.queue.last_event_id("waits")
        assert len(marked) < WORKERS, "a worker with a task was marked"
        await asyncio.gather(*(submit("waits", seconds=0) for _ in range(10)))
        sent += 10
        await eventually(lambda sent=sent: settled(queue, "waits", sent), 20)  # type: ignore[misc]
        assert not set(marked) & await _claimers(queue, place)
        await queue.queue.undrain_workers("waits", names)
        place = await queue.queue.last_event_id("waits")
        for _ in range(3 * WORKERS):
            await submit("waits", seconds=0.3)
        sent += 3 * WORKERS

        async def all_claim(place: str = place) -> bool:
            return await _claimers(queue, place) == set(names)

        await eventually(all_claim, 10)
        await eventually(lambda sent=sent: settled(queue, "waits", sent), 20)  # type: ignore[misc]
    assert sum("start" in line for line in submit.lines()) == sent, "a task ran twice"
    assert not any(json.dumps(worker.events("lease_lost")) != "[]" for worker in workers)


async def _running(queue: QueueUnderTest) -> bool:
    return (await queue.queue.depths("waits")).states["ACTIVE"] > 0  # type: ignore[index]


async def _claimers(queue: QueueUnderTest, place: str) -> set[str]:
    events = await queue.queue.events({"waits": place}, block_ms=1, limit=1000)
    return {event.worker for event in events if event.kind == "claimed"}


async def test_a_worker_that_knows_its_lease_is_lost_counts_the_result_as_abandoned(
    start, queue, submit
):
    worker = await start("waits", lease_s=1.2).running()
    task_id = await submit("waits", seconds=60)
    await submit.started()

    await queue.queue.cancel(task_id)

    await eventually(lambda: worker.metric("results_abandoned_total") == 1, 5)
    assert worker.metric("stale_writes_rejected_total") == 0
