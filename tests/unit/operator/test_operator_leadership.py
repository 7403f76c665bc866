"""One of two operators acts; in virtual time, on one API server in memory."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.leadership import Deposed, Leadership
from asynctaskflow_testkit.fake_kube import FakeKube
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime

LEASE_S = 15.0


@pytest.fixture
def kube():
    return FakeKube()


class Candidate:
    """An operator process: wins, keeps, and says whether it acts."""

    def __init__(self, kube, name):
        self.acts = False
        self.renewals = 0
        self.deposed = False
        self.leadership = Leadership(
            kube,
            name="lease",
            me=name,
            lease_s=LEASE_S,
            clock=LoopClock(),
            renewed=self._renewed,
        )

    def _renewed(self):
        self.renewals += 1

    async def run(self):
        await self.leadership.win()
        self.acts = True
        try:
            await self.leadership.keep()
        except Deposed:
            self.deposed = True
        finally:
            self.acts = False


@asynccontextmanager
async def at_work(*candidates):
    tasks = [asyncio.create_task(one.run()) for one in candidates]
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_candidate_alone_acts_at_once(kube):
    one = Candidate(kube, "one")
    async with at_work(one):
        await asyncio.sleep(0.1)

        assert one.acts


async def test_of_two_candidates_one_acts(kube):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one, two):
        for _ in range(100):
            await asyncio.sleep(1)
            assert one.acts + two.acts == 1


async def test_a_holder_that_died_is_replaced_after_the_lease(kube):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one, two) as tasks:
        await asyncio.sleep(30)
        tasks[0].cancel()
        await asyncio.sleep(LEASE_S - 5.1)
        early = two.acts
        await asyncio.sleep(10)

        assert (early, two.acts) == (False, True)


async def test_a_released_lease_is_taken_within_a_sixth_of_it(kube):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one, two) as tasks:
        await asyncio.sleep(30)
        tasks[0].cancel()
        await one.leadership.release()
        await asyncio.sleep(LEASE_S / 6 + 0.1)

        assert two.acts


async def test_an_api_server_that_is_away_deposes_nobody(kube):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one, two):
        await asyncio.sleep(10)
        kube.away = True
        await asyncio.sleep(300)
        assert (one.acts, two.acts) == (True, False)
        kube.away = False
        await asyncio.sleep(LEASE_S)

        assert one.acts + two.acts == 1


async def test_a_candidate_waits_for_an_api_server_that_is_away(kube):
    kube.away = True
    one = Candidate(kube, "one")
    async with at_work(one):
        await asyncio.sleep(20)
        kube.away = False
        await asyncio.sleep(LEASE_S)

        assert one.acts


async def test_a_holder_that_lost_its_lease_stops(kube):
    one = Candidate(kube, "one")
    async with at_work(one):
        await asyncio.sleep(1)
        await kube.patch(Kind.LEASE, "lease", {"spec": {"holderIdentity": "thief"}})
        await asyncio.sleep(LEASE_S / 3)

        assert (one.acts, one.deposed) == (False, True)


async def test_a_lease_that_was_deleted_is_made_again_by_its_holder(kube):
    one = Candidate(kube, "one")
    async with at_work(one):
        await asyncio.sleep(1)
        await kube.delete(Kind.LEASE, "lease")
        await asyncio.sleep(LEASE_S)
        lease = await kube.get(Kind.LEASE, "lease")

        assert (one.acts, lease["spec"]["holderIdentity"]) == (True, "one")


async def test_a_lease_that_nobody_has_created_in_between_is_not_stolen(kube, monkeypatch):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one):
        await asyncio.sleep(1)
        monkeypatch.setattr(kube, "get", _late(kube))
        assert not await two.leadership._try()

    assert two.renewals == 0


async def test_a_write_on_a_lease_that_has_changed_meanwhile_wins_nothing(kube):
    one = Candidate(kube, "one")
    await one.leadership._try()
    stale = one.leadership._seen
    assert stale is not None
    await kube.patch(Kind.LEASE, "lease", {"spec": {"holderIdentity": "thief"}})

    assert not await one.leadership._write(stale)


async def test_renewals_are_told_so_that_health_knows(kube):
    one = Candidate(kube, "one")
    async with at_work(one):
        await asyncio.sleep(20.1)

    assert one.renewals == 5


async def test_a_standby_releases_nothing(kube):
    one, two = Candidate(kube, "one"), Candidate(kube, "two")
    async with at_work(one, two):
        await asyncio.sleep(10)
        await two.leadership.release()

        assert (await kube.get(Kind.LEASE, "lease"))["spec"]["holderIdentity"] == "one"


async def test_a_release_while_the_api_server_is_away_does_not_fail(kube):
    one = Candidate(kube, "one")
    await one.leadership._try()
    kube.away = True

    await one.leadership.release()


def _late(kube):
    """A read that was answered before the lease was there."""

    async def get(kind, name):
        from_before = FakeKube()
        return await from_before.get(kind, name)

    return get
