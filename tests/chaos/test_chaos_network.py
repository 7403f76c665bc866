"""Networks that hold back, delay and stall: R08."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from asynctaskflow_testkit.processes import Process
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.stage import LEASE_MS, Stage, handler, metric
from asynctaskflow_testkit.waiting import eventually

LEASE_S = LEASE_MS / 1000
WORKERS = 3
LATENCY_S = 0.2


@asynccontextmanager
async def _workers_behind_proxies(
    stage: Stage, *, lease_s: float = LEASE_S
) -> AsyncIterator[tuple[list[Process], list[FaultProxy]]]:
    """Workers that are ready, each with a line of its own to Redis."""
    async with AsyncExitStack() as stack:
        proxies = [
            await stack.enter_async_context(fault_proxy(stage.server.port)) for _ in range(WORKERS)
        ]
        workers = _workers_behind(stage, proxies, lease_s=lease_s)
        await stage.ready(*workers)
        yield workers, proxies


@asynccontextmanager
async def _fed(stage: Stage) -> AsyncIterator[None]:
    """Keep tasks waiting, whatever happens to the workers."""
    done = asyncio.Event()

    async def feed() -> None:
        while not done.is_set():
            if await stage.unfinished("sleep") < 20:
                await stage.submit("sleep", *[{"seconds": 0.1}] * 20)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        group.create_task(feed())
        yield
        done.set()


async def _completed(workers: list[Process]) -> float:
    return sum([await metric(worker, "atf_tasks_completed_total") for worker in workers])


async def _held_for(stage: Stage, leases: int) -> None:
    """Wait until Redis' clock has moved on by so many leases."""
    start_ms = (await stage.queue.depths("sleep")).now_ms

    async def has_passed() -> bool:
        return (await stage.queue.depths("sleep")).now_ms >= start_ms + leases * LEASE_MS

    await eventually(has_passed, leases * LEASE_S + 5)


async def test_r08_a_cut_off_worker_loses_its_tasks_and_nobody_else_does(stage: Stage) -> None:
    async with _workers_behind_proxies(stage) as (workers, proxies):
        async with _fed(stage):
            await eventually(lambda: _completed(workers), 10)
            stage.ledger.fault("black hole", worker=workers[0].name)
            await proxies[0].set_mode(Mode.BLACKHOLE)
            await _held_for(stage, 3)
            await proxies[0].set_mode(Mode.PASS)
            seen = await metric(workers[0], "atf_tasks_completed_total")
            await eventually(lambda: _more_completed(workers[0], seen), 15, what="it works again")
        await stage.verdict("sleep")


async def test_r08_slow_answers_expire_no_lease(stage: Stage) -> None:
    # Longer than a machine that tests in parallel may stall; shorter than it is held.
    async with _workers_behind_proxies(stage, lease_s=2.5 * LEASE_S) as (workers, proxies):
        async with _fed(stage):
            for proxy in proxies:
                await proxy.set_mode(Mode.LATENCY, latency_s=LATENCY_S / 2)
            before = await _completed(workers)
            await _held_for(stage, 3)
            assert await _completed(workers) > before
        report = await stage.verdict("sleep")
        assert report.duplicates == 0


async def test_r08_a_stall_of_five_seconds_for_all_ends_with_every_task_done_once_more_at_most(
    stage: Stage,
) -> None:
    async with _workers_behind_proxies(stage) as (workers, proxies):
        await stage.submit("sleep", *[{"seconds": 0.2}] * stage.many(150))
        await eventually(lambda: _completed(workers), 10)
        stage.ledger.fault("stall")
        for proxy in proxies:
            await proxy.set_mode(Mode.BLACKHOLE)
        await _held_for(stage, 2)
        for proxy in proxies:
            await proxy.set_mode(Mode.PASS)
        await stage.verdict("sleep")


async def test_r08_lost_replies_repeat_nothing(stage: Stage) -> None:
    async with fault_proxy(stage.server.port) as proxy:
        (worker,) = workers = _workers_behind(stage, [proxy])
        await stage.ready(worker)
        await stage.submit("sleep", *[{"seconds": 0.05}] * stage.many(100))
        for dropped in range(1, stage.many(8) + 1):
            await proxy.set_mode(Mode.DROP_REPLY_ONCE)
            await eventually(lambda dropped=dropped: proxy.dropped >= dropped, 10)  # type: ignore[misc]
        assert all(one.alive for one in workers)
        report = await stage.verdict("sleep")
        assert report.duplicates == 0


def _workers_behind(
    stage: Stage, proxies: list[FaultProxy], *, lease_s: float = LEASE_S
) -> list[Process]:
    env = {"ATF_SLOTS": "2", "ATF_LEASE_S": str(lease_s)}
    return [
        stage.fleet.start_worker(
            handler("sleep"), f"w{number}", env={**env, "ATF_REDIS_URL": proxy.url}
        )
        for number, proxy in enumerate(proxies)
    ]


async def _more_completed(worker: Process, than: float) -> bool:
    return await metric(worker, "atf_tasks_completed_total") > than
