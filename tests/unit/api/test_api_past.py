"""What all functions have ended is looked up once for all who ask within two seconds; in virtual time."""

import asyncio
from typing import Any

import pytest

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow_api.past import FRESH_S, Past
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime


class Looks:
    """A queue of two functions that takes a while; its answers are numbered."""

    def __init__(self):
        self.asked = []
        self.fails = False

    async def functions(self):
        return ["one", "two"]

    async def ended(self, functions, *, minutes):
        self.asked.append((tuple(functions), minutes))
        number = len(self.asked)
        await asyncio.sleep(0.5)
        if self.fails:
            raise QueueUnavailable("away")
        return number


def past_of(queue: Any) -> Any:
    return Past(queue, LoopClock())


async def test_those_who_ask_at_once_share_one_look():
    queue = Looks()
    past = past_of(queue)

    assert await asyncio.gather(*(past.of_all(15) for _ in range(50))) == [1] * 50
    assert queue.asked == [(("one", "two"), 15)]


async def test_an_answer_serves_for_two_seconds():
    queue = Looks()
    past = past_of(queue)
    await past.of_all(15)

    await asyncio.sleep(FRESH_S - 0.1)
    assert await past.of_all(15) == 1
    await asyncio.sleep(0.2)
    assert await past.of_all(15) == 2


async def test_each_span_has_an_answer_of_its_own():
    queue = Looks()
    past = past_of(queue)

    assert [await past.of_all(15), await past.of_all(60), await past.of_all(15)] == [1, 2, 1]


async def test_old_answers_are_forgotten():
    past = past_of(Looks())
    for minutes in range(1, 50):
        await past.of_all(minutes)

    assert len(past._sums) <= FRESH_S / 0.5


async def test_a_failure_is_told_to_all_who_wait_and_not_remembered():
    queue = Looks()
    past = past_of(queue)
    queue.fails = True
    told = await asyncio.gather(past.of_all(15), past.of_all(15), return_exceptions=True)
    assert [type(one) for one in told] == [QueueUnavailable] * 2
    queue.fails = False

    assert await past.of_all(15) == 2


async def test_a_caller_who_leaves_takes_nobody_along():
    past = past_of(Looks())
    first, second = (asyncio.ensure_future(past.of_all(15)) for _ in range(2))
    await asyncio.sleep(0.1)
    first.cancel()

    assert await second == 1


async def test_one_function_is_asked_for_alone_each_time():
    queue = Looks()
    past = past_of(queue)

    assert [await past.of_one("two", 15), await past.of_one("two", 15)] == [1, 2]
    assert queue.asked == [(("two",), 15)] * 2


async def test_a_function_that_is_not_registered_has_no_past():
    queue = Looks()

    await past_of(queue).of_one("nobody", 15)

    assert queue.asked == [((), 15)]
