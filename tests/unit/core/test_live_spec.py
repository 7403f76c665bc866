"""Which changes of a spec a running worker takes over, and how its heartbeat goes from one lease to another."""

import asyncio

import pytest
from pydantic import ValidationError

from asynctaskflow.errors import FunctionNotFound, QueueUnavailable
from asynctaskflow.model.function import (
    Concurrency,
    FunctionSpec,
    QueueLimits,
    Timeouts,
    live_changes,
    restart_changes,
)
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.worker.execution import Running
from asynctaskflow.worker.heartbeat import Heartbeat, HeartbeatPorts
from asynctaskflow.worker.limits import heartbeat_limits
from asynctaskflow.worker.live_spec import LiveSpec

BASE = FunctionSpec(handler="a:b")
SLOTS = BASE.model_copy(update={"concurrency": Concurrency(slots_per_worker=9)})


def leased(seconds: float) -> FunctionSpec:
    return BASE.model_copy(update={"timeouts": Timeouts(lease_seconds=seconds)})


def test_what_a_worker_takes_over_is_named_by_part_and_field():
    new = leased(5).model_copy(update={"queue": QueueLimits(max_deliveries=9)})

    assert live_changes(BASE, new) == ("timeouts.lease_seconds", "queue.max_deliveries")
    assert restart_changes(BASE, new) == ()


@pytest.mark.parametrize("field", ["image", "handler", "env"])
def test_another_program_needs_another_process(field):
    new = BASE.model_copy(update={field: {"A": "b"} if field == "env" else "x:y"})

    assert (live_changes(BASE, new), restart_changes(BASE, new)) == ((), (field,))


def test_where_handlers_run_is_fixed_and_how_many_is_not():
    new = BASE.model_copy(
        update={"concurrency": Concurrency(isolation="process", slots_per_worker=9)}
    )

    assert live_changes(BASE, new) == ("concurrency.slots_per_worker",)
    assert restart_changes(BASE, new) == ("concurrency.isolation",)


def test_texts_and_schemas_change_nothing():
    new = BASE.model_copy(update={"description": "d", "input_schema": {"type": "object"}})

    assert (live_changes(BASE, new), restart_changes(BASE, new)) == ((), ())


@pytest.mark.parametrize(("lease_s", "every_s"), [(0.9, 0.3), (15, 5), (3600, 5)])
def test_a_heartbeat_comes_thrice_a_lease_and_every_five_seconds_at_least(lease_s, every_s):
    found = heartbeat_limits(leased(lease_s), WorkerSettings()).heartbeat_s

    assert found == pytest.approx(every_s)


class Bench:
    """A heartbeat whose time the test sets and whose renewals it counts."""

    def __init__(self, spec: FunctionSpec) -> None:
        self.now_s = 1000.0
        self.renewed_s: list[float] = []
        ports = HeartbeatPorts(
            dict, lambda: self.now_s, lambda _: None, lambda _: None, lambda _: 0
        )
        self.heartbeat = Heartbeat(
            self, Running(), limits=self.limits(spec), ports=ports, clock=self
        )

    @staticmethod
    def limits(spec: FunctionSpec):
        return heartbeat_limits(spec, WorkerSettings())

    def mono_s(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return 0

    def renew(self, record, leases) -> set[str]:
        self.renewed_s.append(self.now_s)
        return set()

    def reap(self, *, max_deliveries: int) -> tuple[int, int, int]:
        return 0, 0, 0

    def hand_back(self, leases, *, reason: str) -> None:
        raise AssertionError("nothing is stuck")

    def deregister(self) -> None:
        """Nobody lists it."""

    def pass_time(self, seconds: float) -> list[float]:
        """Beat ten times a second; the pauses between renewals."""
        self.renewed_s = self.renewed_s[-1:]
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            self.heartbeat.beat()
        return [b - a for a, b in zip(self.renewed_s, self.renewed_s[1:], strict=False)]


def test_another_lease_is_renewed_at_once():
    bench = Bench(leased(15))
    bench.heartbeat.beat()

    bench.heartbeat.adopt(bench.limits(leased(12)))

    assert bench.pass_time(0.1) == [pytest.approx(0.1)]


def test_after_a_longer_lease_came_claims_under_way_with_the_old_one_are_still_renewed_in_time():
    bench = Bench(leased(1.5))
    bench.heartbeat.beat()
    bench.heartbeat.adopt(bench.limits(leased(600)))

    assert max(bench.pass_time(11)) < 0.75
    assert bench.pass_time(12)[-1] == pytest.approx(5, abs=0.2)


class Reader:
    def __init__(self) -> None:
        self.answers: list[FunctionSpec | Exception] = []

    async def spec(self, name: str) -> FunctionSpec:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def unreadable() -> Exception:
    with pytest.raises(ValidationError) as caught:
        FunctionSpec.model_validate({})
    return caught.value


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def live(reader: Reader) -> LiveSpec:
    return LiveSpec(reader, function="f", start=BASE, effective=lambda spec: spec)


async def follow(live: LiveSpec, *revisions: str) -> list[FunctionSpec]:
    """Tell revisions one after the other, as heartbeats do; what the parts were given."""
    given: list[FunctionSpec] = []
    live.on_change = given.append
    task = asyncio.ensure_future(live.run())
    for revision in revisions:
        live.told(revision)
        for _ in range(5):  # the turns of the loop that waiting, reading and adopting take
            await asyncio.sleep(0)
    task.cancel()
    return given


async def test_a_revision_is_read_once(live, reader):
    reader.answers = [SLOTS, BASE]

    assert await follow(live, "1", "1", "2") == [SLOTS, BASE]


@pytest.mark.parametrize(
    "error", [QueueUnavailable("away"), FunctionNotFound("gone")], ids=["away", "gone"]
)
async def test_a_spec_that_was_not_read_is_asked_for_again(live, reader, error):
    reader.answers = [error, SLOTS]

    assert await follow(live, "1", "1") == [SLOTS]


async def test_a_spec_that_nobody_can_read_is_not_asked_for_again(live, reader):
    reader.answers = [unreadable(), SLOTS]

    assert await follow(live, "1", "1") == []
    assert live.current == BASE
