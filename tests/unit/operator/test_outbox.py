"""What the outbox sends, when, and in which order; in virtual time."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Outbox, Rank
from asynctaskflow_operator.kube.port import (
    KubeConflict,
    KubeNotFound,
    KubeRefused,
    KubeUnavailable,
)
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime


class Sender:
    """A deliverer that remembers what it sent and when; fails as it is told."""

    def __init__(self):
        self.sent = []
        self.fails = {}
        self.lasts_s = 0.0
        self.under_way = []
        self.overlaps = False

    @property
    def names(self):
        return [name for name, _ in self.sent]

    async def __call__(self, name):
        self.overlaps = self.overlaps or name in self.under_way
        self.under_way.append(name)
        try:
            self.sent.append((name, asyncio.get_running_loop().time()))
            await asyncio.sleep(self.lasts_s)
            errors = self.fails.get(name, [])
            if errors:
                raise errors.pop(0)
        finally:
            self.under_way.remove(name)


@pytest.fixture
def sender():
    return Sender()


@asynccontextmanager
async def running(sender, *, per_s=1000.0, burst=1000, before=()):
    outbox = Outbox(per_s=per_s, burst=burst, clock=LoopClock())
    outbox.route(Kind.TASK, "status", sender)
    for name, rank in before:
        outbox.put(key(name), rank=rank)
    task = asyncio.create_task(outbox.run())
    yield outbox
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def key(name):
    return Key(Kind.TASK, "status", name)


async def test_what_is_put_is_sent(sender):
    async with running(sender) as outbox:
        outbox.put(key("a"), rank=Rank.FUNCTION)
        await asyncio.sleep(1)

        assert (sender.names, len(outbox)) == (["a"], 0)


async def test_an_object_that_changed_ten_times_is_sent_once(sender):
    async with running(sender, before=[("a", Rank.PROGRESS)] * 10):
        await asyncio.sleep(1)

        assert sender.names == ["a"]


async def test_the_most_important_goes_first(sender):
    before = [("deletion", Rank.DELETION), ("progress", Rank.PROGRESS), ("end", Rank.TERMINAL)]
    async with running(sender, burst=1, per_s=1, before=before):
        await asyncio.sleep(10)

        assert sender.names == ["end", "progress", "deletion"]


async def test_equals_go_in_the_order_of_their_coming(sender):
    before = [(name, Rank.PROGRESS) for name in "cab"]
    async with running(sender, burst=1, per_s=1, before=before):
        await asyncio.sleep(10)

        assert sender.names == list("cab")


async def test_a_higher_rank_lifts_an_entry_that_waits(sender):
    before = [("a", Rank.PROGRESS), ("b", Rank.CREATION), ("b", Rank.TERMINAL)]
    async with running(sender, burst=1, per_s=1, before=before):
        await asyncio.sleep(10)

        assert sender.names == ["b", "a"]


async def test_a_lower_rank_does_not_sink_an_entry_that_waits(sender):
    before = [("a", Rank.TERMINAL), ("a", Rank.DELETION), ("b", Rank.PROGRESS)]
    async with running(sender, burst=1, per_s=1, before=before):
        await asyncio.sleep(10)

        assert sender.names == ["a", "b"]


async def test_an_earlier_time_of_lower_rank_leaves_the_rank(sender):
    async with running(sender, burst=1, per_s=1) as outbox:
        outbox.put(key("a"), rank=Rank.TERMINAL, delay_s=5)
        outbox.put(key("a"), rank=Rank.DELETION)
        outbox.put(key("b"), rank=Rank.PROGRESS)
        await asyncio.sleep(10)

    assert sender.names == ["a", "b"]


async def test_an_entry_waits_for_its_time(sender):
    async with running(sender) as outbox:
        outbox.put(key("a"), rank=Rank.FUNCTION, delay_s=5)
        await asyncio.sleep(10)

    assert sender.sent == [("a", 5)]


async def test_an_entry_goes_at_the_earliest_of_its_times(sender):
    async with running(sender) as outbox:
        outbox.put(key("a"), rank=Rank.FUNCTION, delay_s=5)
        outbox.put(key("a"), rank=Rank.FUNCTION, delay_s=1)
        outbox.put(key("a"), rank=Rank.FUNCTION, delay_s=9)
        await asyncio.sleep(20)

    assert sender.sent == [("a", 1)]


async def test_a_dropped_entry_is_not_sent(sender):
    async with running(sender) as outbox:
        outbox.put(key("a"), rank=Rank.FUNCTION, delay_s=1)
        outbox.drop(key("a"))
        assert len(outbox) == 0
        await asyncio.sleep(5)

    assert sender.sent == []


async def test_the_budget_is_never_exceeded(sender):
    before = [(str(number), Rank.PROGRESS) for number in range(40)]
    async with running(sender, per_s=2, burst=10, before=before):
        await asyncio.sleep(30)

    times = [at_s for _, at_s in sender.sent]
    assert len(times) == 40
    assert times[9] == 0
    for begin, at_s in enumerate(times):
        for end in range(begin, len(times)):
            assert end - begin + 1 <= 10 + 2 * (times[end] - at_s) + 1e-6


async def test_a_burst_uses_the_budget_up_to_the_last_write(sender):
    before = [(str(number), Rank.PROGRESS) for number in range(4)]
    async with running(sender, per_s=1, burst=4, before=before) as outbox:
        assert outbox.share_left() == 1
        await asyncio.sleep(0.1)

        assert outbox.share_left() == pytest.approx(0.025)


@pytest.mark.parametrize(
    "error",
    [KubeUnavailable("away"), KubeConflict("changed"), QueueUnavailable("away")],
    ids=lambda error: type(error).__name__,
)
async def test_a_write_that_fails_for_the_moment_comes_back(sender, error):
    sender.fails["a"] = [error]
    async with running(sender, before=[("a", Rank.PROGRESS)]):
        await asyncio.sleep(5)

    assert sender.sent == [("a", 0), ("a", 1)]


@pytest.mark.parametrize(
    "error",
    [KubeRefused("no"), KubeNotFound("gone"), ValueError("a defect")],
    ids=lambda error: type(error).__name__,
)
async def test_a_write_that_will_never_succeed_is_given_up(sender, error):
    sender.fails["a"] = [error]
    async with running(sender, before=[("a", Rank.PROGRESS)]) as outbox:
        await asyncio.sleep(60)

        assert (sender.names, len(outbox)) == (["a"], 0)


async def test_a_hostile_deliverer_stops_no_other(sender):
    sender.fails["bad"] = [ZeroDivisionError("hostile")]
    async with running(sender, before=[("bad", Rank.FUNCTION), ("good", Rank.PROGRESS)]):
        await asyncio.sleep(1)

    assert sender.names == ["bad", "good"]


async def test_slow_writes_that_fill_every_place_stop_no_later_one(sender):
    sender.lasts_s = 5
    before = [(str(number), Rank.PROGRESS) for number in range(40)]
    async with running(sender, before=before):
        await asyncio.sleep(20)

    assert len(sender.sent) == 40
    assert max(at_s for _, at_s in sender.sent) == 10


async def test_one_object_is_never_sent_twice_at_a_time(sender):
    sender.lasts_s = 1
    async with running(sender) as outbox:
        for _ in range(20):
            outbox.put(key("a"), rank=Rank.FUNCTION)
            await asyncio.sleep(0.2)
        await asyncio.sleep(5)

    assert not sender.overlaps
    assert len(sender.sent) > 2


async def test_what_changes_while_it_is_sent_is_sent_again(sender):
    sender.lasts_s = 1
    async with running(sender, before=[("a", Rank.FUNCTION)]) as outbox:
        await asyncio.sleep(0.5)
        outbox.put(key("a"), rank=Rank.FUNCTION)
        await asyncio.sleep(5)

    assert sender.names == ["a", "a"]


async def test_an_object_that_waits_for_its_own_end_costs_no_write(sender):
    sender.lasts_s = 3
    async with running(sender, per_s=0.001, burst=3, before=[("a", Rank.FUNCTION)]) as outbox:
        await asyncio.sleep(0.5)
        outbox.put(key("a"), rank=Rank.FUNCTION)
        await asyncio.sleep(5)
        outbox.put(key("b"), rank=Rank.FUNCTION)
        await asyncio.sleep(5)

    assert sender.names == ["a", "a", "b"]


async def test_it_tells_how_long_the_oldest_due_entry_has_waited(sender):
    outbox = Outbox(per_s=1, burst=1, clock=LoopClock())
    assert outbox.lag_s() == 0
    outbox.put(key("later"), rank=Rank.FUNCTION, delay_s=100)
    outbox.put(key("now"), rank=Rank.FUNCTION)
    await asyncio.sleep(7)

    assert outbox.lag_s() == 7
