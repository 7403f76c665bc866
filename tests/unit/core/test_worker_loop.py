"""The loop over a queue in memory: batching, stopping, interruptions, a Redis that goes away."""

import asyncio
import contextvars
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from redis.exceptions import ResponseError

from asynctaskflow import Context, NotNow, SyncContext, function
from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import LeaseLost, QueueUnavailable
from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.function import RetryPolicy
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import (
    ClaimBatch,
    Claimed,
    Complete,
    Fail,
    HandBack,
    Settlement,
    Turn,
)
from asynctaskflow.worker.attempt import AttemptLimits, Attempts
from asynctaskflow.worker.context import Services
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.execution import Running
from asynctaskflow.worker.faultpoints import Faultpoints
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.handlers import LoopHandlers, ThreadHandlers
from asynctaskflow.worker.last_chance import LastChance
from asynctaskflow.worker.link import Link
from asynctaskflow.worker.loop import LoopLimits, WorkerLoop
from asynctaskflow.worker.progress import ProgressPump
from asynctaskflow.worker.stopping import Stopping
from asynctaskflow.worker.tally import Tally
from asynctaskflow.worker.watch import Watch
from asynctaskflow_testkit.waiting import eventually


class MemorySource:
    """A work source in memory: leases compared, no clock."""

    def __init__(self) -> None:
        self.queued: deque[Claimed] = deque()
        self.leases: dict[str, str] = {}
        self.settled: dict[str, Settlement] = {}
        self.turns: list[tuple[int, int]] = []
        self.reports: list[tuple[float, str]] = []
        self.failing: Exception | None = None
        self.failed_turns = 0
        self.report_delay_s = 0.0
        self.waiting = 0
        self.refused: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, *inputs: Any, deliveries: int = 1) -> list[str]:
        uuids = []
        for given in inputs:
            number = len(self.leases) + len(self.queued) + len(self.settled)
            uuid = f"00000000-0000-7000-8000-{number:012d}"
            task_id = TaskId("f", uuid)
            data = json.dumps(given).encode()
            self.queued.append(Claimed(task_id, "", 1, 0, deliveries, 0, 0, data, "", ""))
            uuids.append(uuid)
        self._changed.set()
        return uuids

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        await asyncio.sleep(0)
        if self.failing is not None:
            self.failed_turns += 1
            raise self.failing
        if any(one.id.uuid in self.refused for one in settlements):
            raise ResponseError("WRONGTYPE")
        self.turns.append((len(settlements), free_slots))
        accepted = tuple(self._settle(one) for one in settlements)
        return Turn(accepted, ClaimBatch(tuple(self._claim(free_slots, take_suspect=take_suspect))))

    async def wait_for_work(self, *, timeout_s: float) -> bool:
        if self.failing is not None:
            raise self.failing
        self._changed.clear()
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:
        await asyncio.sleep(self.report_delay_s)
        if self.leases.get(task_id.uuid) != lease:
            raise LeaseLost(str(task_id))
        self.reports.append((fraction, note))

    def _settle(self, settlement: Settlement) -> bool:
        uuid = settlement.id.uuid
        if self.leases.get(uuid) != settlement.lease:
            return False
        del self.leases[uuid]
        self.settled[uuid] = settlement
        return True

    def _claim(self, number: int, *, take_suspect: bool) -> list[Claimed]:
        claimed: list[Claimed] = []
        for task in tuple(self.queued):
            suspect = task.deliveries >= 3
            if len(claimed) == number or (suspect and not take_suspect):
                continue
            take_suspect = take_suspect and not suspect
            self.queued.remove(task)
            lease = f"lease-{len(self.turns)}-{len(claimed)}"
            self.leases[task.id.uuid] = lease
            facts = {name: getattr(task, name) for name in Claimed.__slots__}
            claimed.append(Claimed(**{**facts, "lease": lease}))
        return claimed


class Worker:
    """A loop with its neighbours, without threads and processes."""

    def __init__(
        self,
        definition: FunctionDefinition[Any, Any, Any],
        *,
        slots: int = 4,
        timeout_s: float = 60,
        lease_s: float = 60,
        unwind_s: float = 0.2,
    ) -> None:
        clock = SystemClock()
        self.source = MemorySource()
        self.running = Running()
        self.stopping = Stopping(clock, unwind_s=unwind_s)
        self.tally = Tally(WorkerMetrics("f", CollectorRegistry()))
        self.link = Link(clock, base_s=0.01, cap_s=0.02)
        self.pump = ProgressPump(self.source)
        services = Services(clock, self.pump)
        kind = LoopHandlers if definition.is_async else ThreadHandlers
        self.handlers = kind(definition, services)
        attempts = Attempts(
            definition,
            self.handlers,
            progress=self.pump,
            blobs=None,
            retry=RetryPolicy(max_attempts=1),
            limits=AttemptLimits(timeout_s=timeout_s, inline_bytes=10**6),
            clock=clock,
            roll=lambda: 0.5,
        )
        self.loop = WorkerLoop(
            self.source,
            running=self.running,
            attempts=attempts,
            gate=Gate(max_s=5),
            last_chance=LastChance(max_deliveries=3),
            link=self.link,
            stopping=self.stopping,
            tally=self.tally,
            faultpoints=Faultpoints(""),
            limits=LoopLimits(slots=slots, lease_s=lease_s, safety_tick_s=0.5),
            clock=clock,
            roll=lambda: 0.5,
        )
        self.pump.on_lost = self.loop.lease_lost
        self.stopping.on_change = self.loop.nudge
        self.watch = Watch(
            self.running,
            stopping=self.stopping,
            clock=clock,
            lease_margin_s=lease_s / 6,
            abandon=self.loop.abandon,
            stuck=self.handlers.stuck,
            on_look=self.loop.nudge,
        )

    async def settled(self, *uuids: str, within_s: float = 5) -> list[Any]:
        await eventually(lambda: all(uuid in self.source.settled for uuid in uuids), within_s)
        return [self.source.settled[uuid] for uuid in uuids]


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Worker]:
    async with asyncio.TaskGroup() as group:
        helpers = [group.create_task(worker.watch.run()), group.create_task(worker.pump.run())]
        work = group.create_task(worker.loop.run(group))
        yield worker
        if not worker.stopping.asked:
            worker.stopping.ask("end of test")
        worker.stopping.ask("now")
        await work
        for helper in helpers:
            helper.cancel()
        await worker.handlers.close()


def handler(body: Callable[..., Any]) -> FunctionDefinition[Any, Any, Any]:
    return function(name="f")(body)


@handler
async def echo(task, ctx: Context):
    return task


@handler
async def sleeps(task, ctx: Context):
    await asyncio.sleep(task)
    return "slept"


async def test_a_batch_that_never_waits_needs_two_round_trips():
    worker = Worker(echo, slots=4)
    uuids = worker.source.add(*range(4))

    async with at_work(worker):
        results = await worker.settled(*uuids)

    assert [one.result for one in results] == [b"0", b"1", b"2", b"3"]
    assert worker.source.turns[:2] == [(0, 4), (4, 4)]


async def test_waiting_handlers_run_at_once_up_to_the_slots():
    worker = Worker(sleeps, slots=8)
    uuids = worker.source.add(*[0.2] * 8)

    async with at_work(worker):
        await eventually(lambda: len(worker.running) == 8, 2)
        await worker.settled(*uuids, within_s=0.6)


async def test_a_slow_task_does_not_hold_up_the_results_of_others():
    worker = Worker(sleeps, slots=2)
    slow, quick = worker.source.add(60, 0)

    async with at_work(worker):
        await worker.settled(quick)

        assert slow in worker.source.leases


async def test_new_work_wakes_an_idle_worker():
    worker = Worker(echo)

    async with at_work(worker):
        await eventually(lambda: worker.source.turns, 2)
        (uuid,) = worker.source.add(1)
        await worker.settled(uuid, within_s=0.4)


async def test_context_variables_of_one_task_are_not_seen_by_the_next():
    seen = []
    tenant = contextvars.ContextVar("tenant", default="nobody")

    @handler
    async def leaks(task, ctx):
        seen.append(tenant.get())
        tenant.set(task)

    worker = Worker(leaks, slots=4)
    uuids = worker.source.add("a", "b", "c", "d")

    async with at_work(worker):
        await worker.settled(*uuids)

    assert seen == ["nobody"] * 4


async def test_a_timeout_inside_a_handler_does_not_touch_its_neighbours():
    @handler
    async def limited(task, ctx):
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(task)
        except TimeoutError:
            return "limited"
        return "slept"

    worker = Worker(limited, slots=1)
    uuids = worker.source.add(5, 0, 5, 0)

    async with at_work(worker):
        results = await worker.settled(*uuids)

    assert [json.loads(one.result) for one in results] == ["limited", "slept"] * 2


async def test_an_attempt_over_its_time_fails_as_timeout_and_the_slot_is_free_again():
    worker = Worker(sleeps, slots=1, timeout_s=0.2)
    late, next_one = worker.source.add(60, 0)

    async with at_work(worker):
        failed, done = await worker.settled(late, next_one)

    assert isinstance(failed, Fail)
    assert failed.error_class == "timeout"
    assert isinstance(done, Complete)
    assert not worker.stopping.exit


async def test_a_handler_that_ignores_cancellation_loses_its_slot_and_recycles_the_worker():
    release = asyncio.Event()

    @handler
    async def stubborn(task, ctx):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    worker = Worker(stubborn, timeout_s=0.1, unwind_s=0.2)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (failed,) = await worker.settled(uuid)
        await eventually(lambda: worker.stopping.asked, 2)
        release.set()

    assert failed.error_class == "timeout"
    assert worker.stopping.exit == 75
    assert worker.loop.abandoned == 1


async def test_a_result_that_comes_after_the_time_limit_is_not_taken():
    @handler
    async def late(task, ctx):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "too late"

    worker = Worker(late, timeout_s=0.1)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (failed,) = await worker.settled(uuid)

    assert isinstance(failed, Fail)


async def test_an_interruption_leaves_no_trace_for_the_next_task_of_the_runner():
    @handler
    async def mixed(task, ctx):
        if task == "slow":
            await asyncio.sleep(60)
        raise asyncio.CancelledError

    worker = Worker(mixed, slots=1, timeout_s=0.1)
    uuids = worker.source.add("slow", "cancels itself")

    async with at_work(worker):
        slow, cancelled = await worker.settled(*uuids)

    assert (slow.error_class, cancelled.error_class) == ("timeout", "cancelled_error")


async def test_a_worker_without_room_does_not_take_the_wake_up_of_another():
    worker = Worker(sleeps, slots=2)
    worker.source.add(60)

    async with at_work(worker):
        await eventually(lambda: worker.source.waiting == 1, 2)
        worker.source.add(60)
        await eventually(lambda: len(worker.running) == 2, 2)
        await eventually(lambda: worker.source.waiting == 0, 0.3)

        assert worker.source.waiting == 0


async def test_a_lost_lease_stops_the_handler_and_writes_nothing():
    cancelled = asyncio.Event()

    @handler
    async def watched(task, ctx):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    worker = Worker(watched)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await eventually(lambda: any(one.running for one in worker.running.snapshot()), 2)
        worker.loop.lease_lost(worker.running.snapshot()[0])
        await asyncio.wait_for(cancelled.wait(), 2)
        await eventually(lambda: len(worker.running) == 0, 2)

    assert uuid not in worker.source.settled


async def test_a_lease_that_cannot_be_renewed_stops_the_handler_before_it_ends():
    worker = Worker(sleeps, lease_s=0.6)
    (uuid,) = worker.source.add(60)

    async with at_work(worker):
        await eventually(lambda: len(worker.running) == 1, 2)
        await eventually(lambda: len(worker.running) == 0, 0.6)

    assert uuid not in worker.source.settled


async def test_a_settlement_refused_for_its_lease_is_counted():
    worker = Worker(sleeps)
    (uuid,) = worker.source.add(0.2)

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.source.leases[uuid] = "of another worker"
        await eventually(lambda: worker.tally.stale_writes == 1, 2)

    assert worker.source.settled == {}


async def test_results_wait_for_a_redis_that_is_away():
    worker = Worker(sleeps)
    (uuid,) = worker.source.add(0.1)

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.source.failing = QueueUnavailable("away")
        await eventually(lambda: not worker.link.up, 2)
        worker.source.failing = None
        (done,) = await worker.settled(uuid)

        assert isinstance(done, Complete)
        assert worker.link.up


async def test_one_damaged_task_does_not_keep_the_others_from_being_settled():
    worker = Worker(sleeps, slots=3)
    uuids = worker.source.add(0.1, 0.1, 0.1)
    worker.source.refused.add(uuids[1])

    async with at_work(worker):
        await worker.settled(uuids[0], uuids[2])
        (after,) = worker.source.add(0)
        await worker.settled(after)

    assert uuids[1] not in worker.source.settled


async def test_a_stop_hands_back_what_was_claimed_and_not_started():
    worker = Worker(sleeps, slots=1)
    running, waiting = worker.source.add(0.2, 0)
    worker.stopping.grace_s = 5

    async with at_work(worker):
        await eventually(lambda: running in worker.source.leases, 2)
        worker.stopping.ask("test")
        (done,) = await worker.settled(running)

    assert isinstance(done, Complete)
    assert [task.id.uuid for task in worker.source.queued] == [waiting]


async def test_the_end_of_the_grace_period_hands_back_what_still_runs():
    worker = Worker(sleeps)
    (uuid,) = worker.source.add(60)
    worker.stopping.grace_s = 0.1

    async with at_work(worker):
        await eventually(lambda: uuid in worker.source.leases, 2)
        worker.stopping.ask("test")
        (back,) = await worker.settled(uuid)

    assert isinstance(back, HandBack)
    assert back.delay_ms == 0


async def test_a_claim_whose_answer_was_lost_is_asked_for_again_before_the_end():
    worker = Worker(echo)
    (uuid,) = worker.source.add(1)
    worker.source.failing = QueueUnavailable("the answer is lost")

    async with at_work(worker):
        await eventually(lambda: worker.source.failed_turns > 0, 2)
        worker.stopping.ask("test")
        worker.source.failing = None
        (back,) = await worker.settled(uuid)

    assert isinstance(back, HandBack)


async def test_not_now_pauses_claims():
    @handler
    async def refuses(task, ctx):
        raise NotNow("away", reason="breaker_open", delay_s=60)

    worker = Worker(refuses, slots=1)
    first, second = worker.source.add(1, 2)

    async with at_work(worker):
        (back,) = await worker.settled(first)
        await asyncio.sleep(0.3)

        assert back == HandBack(back.id, back.lease, "breaker_open", 60_000)
        assert [task.id.uuid for task in worker.source.queued] == [second]


async def test_tasks_on_their_last_chance_run_one_after_the_other():
    beside: list[int] = []

    @handler
    async def looks(task, ctx):
        worker.loop.wake()
        running = [one for one in worker.running.snapshot() if one.task.deliveries == 3]
        beside.append(len(running))
        await asyncio.sleep(0.05)

    worker = Worker(looks, slots=4)
    uuids = worker.source.add(1, 2, 3, deliveries=3)

    async with at_work(worker):
        await worker.settled(*uuids)

    assert beside == [1, 1, 1]


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError(), asyncio.CancelledError()])
async def test_nothing_that_a_handler_raises_ends_the_worker(error):
    @handler
    async def raises(task, ctx):
        if task == "bad":
            raise error
        return task

    worker = Worker(raises, slots=1)
    bad, good = worker.source.add("bad", "good")

    async with at_work(worker):
        failed, done = await worker.settled(bad, good)

    assert isinstance(failed, Fail)
    assert isinstance(done, Complete)


async def test_sync_handlers_run_side_by_side_in_threads():
    @handler
    def waits(task, ctx: SyncContext):
        return ctx.wait_cancelled(0.2)

    worker = Worker(waits, slots=6)
    uuids = worker.source.add(*range(6))

    async with at_work(worker):
        results = await worker.settled(*uuids, within_s=1)

    assert [one.result for one in results] == [b"false"] * 6


async def test_the_last_progress_is_stored_before_the_result():
    @handler
    async def reports(task, ctx: Context):
        for step in range(100):
            await ctx.progress(step / 100, f"step {step}")
        await ctx.progress(2.0, "all")

    worker = Worker(reports)
    worker.source.report_delay_s = 0.05
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await worker.settled(uuid)

        assert worker.source.reports == [(1.0, "all")]


async def test_progress_that_comes_too_late_stops_the_handler():
    @handler
    async def reports(task, ctx: Context):
        while True:
            await ctx.progress(0.5)
            await asyncio.sleep(0.01)

    worker = Worker(reports)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await eventually(lambda: worker.source.reports, 2)
        worker.source.leases[uuid] = "of another worker"
        await eventually(lambda: len(worker.running) == 0, 2)


async def test_a_context_knows_its_task_and_its_time():
    facts: dict[str, Any] = {}

    @handler
    async def asks(task, ctx: Context):
        facts.update(id=ctx.task_id, attempt=ctx.attempt, left=ctx.remaining_s())
        facts["cancelled"] = ctx.cancelled

    worker = Worker(asks, timeout_s=60)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        await worker.settled(uuid)

    assert facts["id"] == f"f-{uuid}"
    assert (facts["attempt"], facts["cancelled"]) == (1, False)
    assert 59 < facts["left"] <= 60


async def test_an_undeclared_dependency_is_a_permanent_error():
    @handler
    async def asks(task, ctx: Context):
        ctx.dependency("unknown")

    worker = Worker(asks)
    (uuid,) = worker.source.add(1)

    async with at_work(worker):
        (dead,) = await worker.settled(uuid)

    assert dead.error_class == "undeclared_dependency"
