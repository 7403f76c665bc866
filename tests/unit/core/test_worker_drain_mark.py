"""The loop of a worker that a scaler has marked: it asks now and then, and leaves the wake-ups to others."""

from collections.abc import Sequence
from dataclasses import replace

from asynctaskflow import function
from asynctaskflow.taskqueue.messages import Settlement, Turn
from asynctaskflow.taskqueue.protocol import WorkSource
from asynctaskflow_testkit.loop import LoopUnderTest, at_work
from asynctaskflow_testkit.waiting import eventually

TICK_S = 0.05


class MarkedSource:
    """A source that hands out nothing while it is marked."""

    def __init__(self, inner: WorkSource) -> None:
        self.inner = inner
        self.marked = True
        self.turns = 0
        self.waits = 0

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        self.turns += 1
        if not self.marked:
            return await self.inner.turn(
                settlements, free_slots=free_slots, take_suspect=take_suspect
            )
        turn = await self.inner.turn(settlements, free_slots=0)
        return replace(turn, batch=replace(turn.batch, draining=True))

    async def wait_for_work(self, *, timeout_s: float) -> bool:
        self.waits += 1
        return await self.inner.wait_for_work(timeout_s=timeout_s)


@function(name="f")
async def echo(task, ctx):
    return task


def worker() -> tuple[LoopUnderTest, MarkedSource]:
    made = LoopUnderTest(echo, safety_tick_s=TICK_S)
    source = MarkedSource(made.source)
    made.loop._source = source  # type: ignore[assignment]
    return made, source


async def test_a_marked_worker_waits_for_no_wake_up_and_asks_once_a_tick():
    made, source = worker()
    made.source.add(1)

    async with at_work(made):
        await eventually(lambda: source.turns >= 3, 5)

        assert (source.waits, made.loop.draining) == (0, True)
        assert not made.source.leases


async def test_a_worker_whose_mark_is_gone_claims_at_its_next_tick():
    made, source = worker()
    uuids = made.source.add(1, 2)

    async with at_work(made):
        await eventually(lambda: made.loop.draining, 5)
        source.marked = False
        await made.settled(*uuids)

        assert not made.loop.draining
