"""The heartbeat's thread, beat by beat, with a clock and a keeper of the test's own."""

from collections.abc import Sequence

import pytest
from redis.exceptions import ResponseError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import Claimed
from asynctaskflow.worker.execution import Execution, Running
from asynctaskflow.worker.heartbeat import Heartbeat, HeartbeatLimits, HeartbeatPorts

LEASE_S = 30.0


class HandClock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def wall_ms(self) -> int:
        return 0

    def mono_s(self) -> float:
        return self.now_s


class Keeper:
    def __init__(self) -> None:
        self.renewed: list[list[str]] = []
        self.handed_back: list[str] = []
        self.reaped = 0
        self.lost: set[str] = set()
        self.failing: Exception | None = None

    def renew(self, record, leases: Sequence[tuple[str, str]]) -> set[str]:
        self._maybe_fail()
        self.renewed.append([uuid for uuid, _ in leases])
        return self.lost

    def hand_back(self, leases: Sequence[tuple[str, str]], *, reason: str) -> None:
        self._maybe_fail()
        self.handed_back += [uuid for uuid, _ in leases]

    def reap(self, *, max_deliveries: int) -> tuple[int, int, int]:
        self._maybe_fail()
        self.reaped += 1
        return 2, 1, 0

    def deregister(self) -> None:
        self._maybe_fail()

    def _maybe_fail(self) -> None:
        if self.failing is not None:
            raise self.failing


class Bench:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.keeper = Keeper()
        self.running = Running()
        self.lost: list[Execution] = []
        self.expired = 0
        self.exits: list[int] = []
        self.loop_seen_s: float | None = None
        limits = HeartbeatLimits(
            lease_s=LEASE_S, heartbeat_s=10, reaper_tick_s=1, stuck_after_s=2, max_deliveries=3
        )
        ports = HeartbeatPorts(
            record=dict,
            loop_seen_s=lambda: self.loop_seen_s or self.clock.now_s,
            on_lost=self.lost.append,
            on_reaped=self._reaped,
            die=self.exits.append,
        )
        self.heartbeat = Heartbeat(
            self.keeper, self.running, limits=limits, ports=ports, clock=self.clock
        )

    def _reaped(self, number: int) -> None:
        self.expired += number

    def run_task(self, uuid: str, *, deadline_s: float = 2000) -> Execution:
        task = Claimed(TaskId("f", uuid), "lease", 1, 0, 1, 0, 0, b"", "", "")
        execution = Execution(task, lease_until_s=self.clock.now_s + LEASE_S)
        execution.deadline_s = deadline_s
        execution.runner = object()  # type: ignore[assignment]
        self.running.add(execution)
        return execution

    def beat(self, *, after_s: float = 0) -> None:
        self.clock.now_s += after_s
        self.heartbeat.beat()

    def block(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.beat(after_s=1)
            if self.exits:
                return


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_worker_that_has_come_to_rest_says_so_before_its_next_heartbeat(bench: Bench):
    execution = bench.run_task("one")
    bench.heartbeat.beat()
    bench.running.remove(execution)
    bench.clock.now_s += 0.1

    bench.heartbeat.beat()

    assert bench.keeper.renewed == [["one"], []]


def test_a_worker_at_rest_has_nothing_to_say_between_two_heartbeats(bench: Bench):
    bench.heartbeat.beat()
    bench.clock.now_s += 0.1

    bench.heartbeat.beat()

    assert bench.keeper.renewed == [[]]


def test_all_leases_are_renewed_in_one_command_each_heartbeat(bench):
    execution = bench.run_task("a")
    bench.run_task("b")

    bench.beat()
    bench.beat(after_s=9)
    bench.beat(after_s=1)

    assert bench.keeper.renewed == [["a", "b"], ["a", "b"]]
    assert execution.lease_until_s == 1010 + LEASE_S


def test_a_renewal_that_failed_is_repeated_at_the_next_beat_and_extends_nothing(bench):
    execution = bench.run_task("a")
    bench.keeper.failing = QueueUnavailable("away")

    bench.beat()
    bench.keeper.failing = None
    bench.beat(after_s=0.1)

    assert bench.keeper.renewed == [["a"]]
    assert execution.lease_until_s == 1000.1 + LEASE_S


def test_a_lost_lease_is_told_to_the_loop(bench):
    lost = bench.run_task("a")
    bench.run_task("b")
    bench.keeper.lost = {"a"}

    bench.beat()

    assert bench.lost == [lost]


def test_expired_leases_are_taken_back_each_tick_and_counted(bench):
    bench.beat()
    bench.beat(after_s=0.5)
    bench.beat(after_s=0.5)

    assert (bench.keeper.reaped, bench.expired) == (2, 6)


@pytest.mark.parametrize("error", [QueueUnavailable("away"), ResponseError("WRONGTYPE")])
def test_no_answer_of_redis_ends_the_thread(bench, error):
    bench.keeper.failing = error

    bench.beat()
    bench.heartbeat.finish()


def test_a_blocked_loop_is_no_reason_to_die_before_a_task_is_overdue(bench):
    bench.run_task("a", deadline_s=1050)
    bench.loop_seen_s = 1000.0

    bench.block(51)

    assert bench.exits == []


def test_a_loop_blocked_past_a_time_limit_hands_back_the_others_and_dies(bench):
    bench.run_task("stuck", deadline_s=1050)
    bench.run_task("other", deadline_s=1300)
    bench.loop_seen_s = 1000.0

    bench.block(53)

    assert bench.keeper.handed_back == ["other"]
    assert bench.exits == [70]


def test_a_worker_that_was_stopped_and_continued_is_not_taken_for_a_blocked_one(bench):
    bench.run_task("a", deadline_s=1050)
    bench.loop_seen_s = 1000.0

    bench.beat()
    bench.beat(after_s=100)
    bench.loop_seen_s = 1100.05
    bench.beat(after_s=0.1)

    assert bench.exits == []


def test_a_blocked_worker_dies_even_if_redis_is_away(bench):
    bench.run_task("stuck", deadline_s=1050)
    bench.run_task("other", deadline_s=1300)
    bench.loop_seen_s = 1000.0
    bench.keeper.failing = QueueUnavailable("away")

    bench.block(53)

    assert bench.exits == [70]


def test_an_overdue_task_on_a_loop_that_moves_is_left_to_the_loop(bench):
    bench.run_task("a", deadline_s=1001)

    bench.beat(after_s=60)

    assert bench.exits == []
