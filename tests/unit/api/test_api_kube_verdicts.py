"""What is remembered of tokens, for how long, and who waits for whom; in virtual time."""

import asyncio

import pytest

from asynctaskflow_api.access import Principal, Role, TokensUnavailable
from asynctaskflow_api.kube.rights import Verdict
from asynctaskflow_api.kube.verdicts import Verdicts
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime
READER = Principal("kube:jane", Role.READ)
POWERLESS = Principal("kube:joe", Role.PUBLIC)


class Reviewer:
    """Answers what it is told to, after a while."""

    def __init__(self, principal=READER, *, keep_s=60.0, takes_s=1.0):
        self.answer = Verdict(principal, keep_s)
        self.takes_s = takes_s
        self.fails = False
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        await asyncio.sleep(self.takes_s)
        if self.fails:
            raise TokensUnavailable("away")
        return self.answer


@pytest.mark.parametrize(
    ("principal", "keep_s"), [(READER, 60), (POWERLESS, 5), (None, 5)], ids=str
)
async def test_an_answer_is_remembered_for_its_time_and_no_longer(principal, keep_s):
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer(principal, keep_s=keep_s)

    assert await verdicts.of(b"a", review) == principal
    await asyncio.sleep(keep_s - 0.1)
    assert await verdicts.of(b"a", review) == principal
    assert review.asked == 1
    await asyncio.sleep(0.2)
    await verdicts.of(b"a", review)
    assert review.asked == 2


async def test_an_answer_that_ends_at_once_is_not_remembered():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer(keep_s=0)

    for _ in range(2):
        assert await verdicts.of(b"a", review) == READER
    assert (review.asked, len(verdicts)) == (2, 0)


async def test_requests_with_one_token_share_a_review_and_others_do_not_wait_for_it():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer()
    slow, quick = Reviewer(takes_s=1000), Reviewer(takes_s=1)

    held = asyncio.create_task(verdicts.of(b"slow", slow))
    found = await asyncio.gather(*(verdicts.of(b"a", review) for _ in range(20)))
    await verdicts.of(b"quick", quick)

    assert found == [READER] * 20
    assert review.asked == 1
    assert asyncio.get_running_loop().time() < 10
    held.cancel()
    await asyncio.wait([held])


async def test_a_review_that_fails_fails_all_who_wait_and_is_not_remembered():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer()
    review.fails = True

    found = await asyncio.gather(
        *(verdicts.of(b"a", review) for _ in range(5)), return_exceptions=True
    )
    assert [str(one) for one in found] == ["away"] * 5
    assert {type(one) for one in found} == {TokensUnavailable}
    assert review.asked == 1

    review.fails = False
    assert await verdicts.of(b"a", review) == READER


async def test_whoever_is_cancelled_takes_nobody_with_them():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer()
    first, second, third = (asyncio.create_task(verdicts.of(b"a", review)) for _ in range(3))
    await asyncio.sleep(0.5)

    first.cancel()
    await asyncio.sleep(0.1)
    third.cancel()

    assert await second == READER
    assert first.cancelled()
    assert third.cancelled()
    assert review.asked == 2


async def test_a_defect_in_a_review_reaches_its_request_and_another_one_asks_anew():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer()

    async def broken():
        await asyncio.sleep(1)
        raise RuntimeError("defect")

    first = asyncio.create_task(verdicts.of(b"a", broken))
    await asyncio.sleep(0.5)
    second = asyncio.create_task(verdicts.of(b"a", review))

    with pytest.raises(RuntimeError, match="defect"):
        await first
    assert await second == READER


async def test_memory_is_bounded_and_strangers_push_out_nobody_who_is_known():
    verdicts, known = Verdicts(LoopClock(), size=10), Reviewer(takes_s=0)
    await verdicts.of(b"known", known)

    for number in range(100):
        for principal in (None, POWERLESS):
            await verdicts.of(f"{number}{principal}".encode(), Reviewer(principal, takes_s=0))

    assert len(verdicts) == 11
    assert await verdicts.of(b"known", known) == READER
    assert known.asked == 1


async def test_the_oldest_goes_when_there_is_no_room():
    verdicts = Verdicts(LoopClock(), size=2)
    reviews = [Reviewer(takes_s=0) for _ in range(3)]
    for number, review in enumerate(reviews):
        await verdicts.of(bytes([number]), review)

    assert len(verdicts) == 2
    for number in (1, 2, 0):
        await verdicts.of(bytes([number]), reviews[number])
    assert [review.asked for review in reviews] == [2, 1, 1]


async def test_somebody_who_lost_or_got_rights_is_remembered_once():
    verdicts, review = Verdicts(LoopClock(), size=10), Reviewer(POWERLESS, keep_s=5)
    await verdicts.of(b"a", review)
    await asyncio.sleep(6)
    review.answer = Verdict(READER, 60)

    assert await verdicts.of(b"a", review) == READER
    assert len(verdicts) == 1
