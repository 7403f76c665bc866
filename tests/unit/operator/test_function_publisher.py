"""When a Function's status is written: news at once, counts now and then, nothing without a change."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow.scaling import DependencySight
from asynctaskflow.taskqueue.messages import QueueDepths
from asynctaskflow_operator.events import Events
from asynctaskflow_operator.functions.book import Book
from asynctaskflow_operator.functions.publisher import FunctionPublisher
from asynctaskflow_operator.kube.kinds import API_VERSION, Kind
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.rules.workers import PodSight
from asynctaskflow_testkit.fake_kube import FakeKube
from asynctaskflow_testkit.virtual import EPOCH_MS, LoopClock

pytestmark = pytest.mark.looptime

SPEC = FunctionSpec(handler="m:f", image="i:1", dependencies=("llm",))
DEPTHS = QueueDepths(
    function="echo",
    primary=0,
    retry=0,
    states=dict.fromkeys(TaskState, 0),
    paused=False,
    oldest_pending_ms=0,
    overdue_lease_ms=0,
    next_due_ms=None,
    now_ms=EPOCH_MS,
)


class Press:
    """A publisher with one Function on an API server in memory."""

    def __init__(self):
        self.kube, self.book, clock = FakeKube(), Book(), LoopClock()
        self.outbox = Outbox(per_s=1000, burst=1000, clock=clock)
        events = Events(self.kube, self.outbox, namespace="prod", pod="op-1", clock=clock)
        self.shown = SimpleNamespace(shown=0, skipped=0, message="")
        self.publisher = FunctionPublisher(
            self.book,
            kube=self.kube,
            outbox=self.outbox,
            visibility=SimpleNamespace(shown=lambda function: self.shown),
            events=events,
            clock=clock,
        )

    async def begin(self):
        manifest = {"apiVersion": API_VERSION, "kind": "Function", "metadata": {"name": "echo"}}
        made = await self.kube.create(manifest)
        self.one = self.book.add("echo", uid=made["metadata"]["uid"])
        self.one.follow(SPEC)
        self.one.depths = DEPTHS
        self.one.dependencies = (DependencySight("llm"),)
        self.publish()

    def publish(self):
        self.publisher.publish(self.one)

    def count(self, pending):
        states = {**DEPTHS.states, TaskState.PENDING: pending}
        self.one.depths = replace(DEPTHS, states=states)
        self.publish()

    def turn(self, breaker):
        self.one.dependencies = (DependencySight("llm", breaker=breaker),)
        self.publish()

    async def status(self):
        return (await self.kube.get(Kind.FUNCTION, "echo")).get("status", {})

    async def reasons(self):
        return [one["reason"] for one in await self.kube.list(Kind.EVENT)]

    @property
    def writes(self):
        return self.kube.writes["patch", Kind.FUNCTION]


@pytest.fixture
async def press():
    made = Press()
    await made.begin()
    running = asyncio.create_task(made.outbox.run())
    await asyncio.sleep(1)
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_first_status_is_written_within_a_second(press):
    assert (await press.status())["conditions"]
    assert press.writes == 1


async def test_news_is_written_at_once(press):
    press.turn("open")
    await asyncio.sleep(0.25)

    assert (await press.status())["breaker"] == "Open"


async def test_several_news_of_one_moment_are_one_write(press):
    for number in range(5):
        press.one.workers.pods[str(number)] = PodSight(str(number), 0, True, False)
        press.publish()
    await asyncio.sleep(1)

    assert (press.writes, (await press.status())["replicas"]) == (2, 5)


async def test_counts_are_written_every_five_seconds_at_most(press):
    for number in range(100):
        press.count(number + 1)
        await asyncio.sleep(0.25)
    await asyncio.sleep(6)

    assert press.writes <= 1 + 6
    assert (await press.status())["queue"]["pending"] == 100


async def test_counts_wait_for_their_time(press):
    press.count(7)
    await asyncio.sleep(4.5)
    early = (await press.status())["queue"]["pending"]
    await asyncio.sleep(1)

    assert (early, (await press.status())["queue"]["pending"]) == (0, 7)


async def test_nothing_is_written_without_a_change(press):
    for _ in range(100):
        press.publish()
        await asyncio.sleep(1)

    assert press.writes == 1


async def test_a_count_that_went_back_meanwhile_is_not_written(press):
    press.count(7)
    press.count(0)
    await asyncio.sleep(10)

    assert press.writes == 1


async def test_a_function_that_was_forgotten_is_not_written(press):
    press.turn("open")
    press.book.remove("echo")
    await asyncio.sleep(5)

    assert press.writes == 1


async def test_a_status_is_not_given_to_a_new_function_of_that_name(press):
    await press.kube.delete(Kind.FUNCTION, "echo")
    manifest = {"apiVersion": API_VERSION, "kind": "Function", "metadata": {"name": "echo"}}
    await press.kube.create(manifest)
    press.turn("open")
    await asyncio.sleep(5)

    assert await press.status() == {}


@pytest.mark.parametrize(
    ("turns", "reasons"),
    [
        (["open"], ["BreakerOpen"]),
        (["open", "closed"], ["BreakerClosed", "BreakerOpen"]),
        (["half_open"], ["BreakerHalfOpen"]),
        ([], []),
    ],
    ids=str,
)
async def test_a_turn_of_the_breaker_is_told(press, turns, reasons):
    for breaker in turns:
        press.turn(breaker)
        await asyncio.sleep(1)
    await asyncio.sleep(1)

    assert sorted(await press.reasons()) == reasons


async def test_a_dependency_that_becomes_known_is_no_turn(press):
    press.one.dependencies = ()
    press.publish()
    await asyncio.sleep(1)
    press.turn("closed")
    await asyncio.sleep(1)

    assert await press.reasons() == []


async def test_a_turn_is_told_once_however_often_its_write_fails(press):
    press.kube.away = True
    press.turn("open")
    await asyncio.sleep(60)
    press.kube.away = False
    await asyncio.sleep(5)

    assert await press.reasons() == ["BreakerOpen"]


async def test_task_resources_that_are_missing_are_told(press):
    press.shown = SimpleNamespace(shown=1, skipped=2, message="too many")
    press.publish()
    await asyncio.sleep(6)

    assert (await press.status())["tasks"] == {"shown": 1, "skipped": 2, "message": "too many"}
