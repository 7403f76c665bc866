"""Decisions that remember: idling, stabilization, outages, and a memory that stays small."""

from dataclasses import replace

from asynctaskflow.scaling import (
    Limit,
)
from asynctaskflow.scaling.memory import BUCKETS
from asynctaskflow_testkit.scaling import NOON_S, OPEN, ScalingLoop, first, policy, seen


def test_from_zero_to_many_and_back_to_zero() -> None:
    loop = ScalingLoop(policy(idleSeconds=15, down={"stabilizationSeconds": 10}))
    numbers = [
        loop.at(0, seen(4)).replicas,
        loop.at(5, seen(0, 4, busy=4)).replicas,
        loop.at(6, seen()).replicas,
        loop.at(14.9, seen()).replicas,
        loop.at(15, seen()).replicas,
        loop.at(20.9, seen()).replicas,
        loop.at(21, seen()).replicas,
    ]
    assert numbers == [4, 4, 4, 4, 1, 1, 0]


def test_what_time_holds_back_says_until_when() -> None:
    loop = ScalingLoop(policy(idleSeconds=15, down={"stabilizationSeconds": 10}))
    loop.at(0, seen(4))
    assert loop.at(6, seen()).next_scale_down_s == NOON_S + 10
    assert loop.at(10, seen()).next_scale_down_s == NOON_S + 21


def test_the_idle_clock_starts_again_with_a_task_that_came_and_went_between_two_looks() -> None:
    loop = ScalingLoop(policy(idleSeconds=10, down={"stabilizationSeconds": 0}))
    loop.at(0, seen(1))
    loop.at(1, seen())
    unseen = replace(seen(), last_arrival_s=NOON_S + 9)
    assert loop.at(12, unseen).replicas == 1
    assert loop.at(19, unseen).replicas == 0


def test_the_tail_of_a_burst_is_not_stabilized() -> None:
    loop = ScalingLoop(policy(down={"stabilizationSeconds": 10}))
    loop.at(0, replace(seen(8), last_arrival_s=NOON_S))
    loop.at(11, replace(seen(0, 8, busy=8), last_arrival_s=NOON_S))
    assert loop.at(12, replace(seen(0, 3, busy=3), last_arrival_s=NOON_S)).replicas == 3


def test_a_stream_of_arrivals_keeps_its_workers() -> None:
    loop = ScalingLoop(policy(down={"stabilizationSeconds": 10}))
    loop.at(0, replace(seen(8), last_arrival_s=NOON_S))
    lull = loop.at(9, replace(seen(0, 2, busy=2), last_arrival_s=NOON_S + 8))
    assert (lull.replicas, lull.limited_by) == (8, Limit.STABILIZATION)


def test_up_stabilization_ignores_a_short_peak_and_follows_a_long_one() -> None:
    loop = ScalingLoop(policy(up={"stabilizationSeconds": 5}, minReplicas=1))
    for second in range(7):
        loop.at(second, seen(0, 1, busy=1))
    assert loop.at(7, seen(9)).limited_by is Limit.STABILIZATION
    assert loop.at(9, seen(9)).replicas == 1
    assert loop.at(12.5, seen(9)).replicas == 9


def test_up_stabilization_follows_a_need_that_never_stands_still() -> None:
    loop = ScalingLoop(policy(up={"stabilizationSeconds": 5}, down={"stabilizationSeconds": 0}))
    for step in range(14):
        loop.at(step * 0.7, seen(5 + step % 2))
    assert loop.replicas == 5


def test_a_memory_that_does_not_reach_back_waits_for_the_up_window() -> None:
    assert first(seen(9), policy(up={"stabilizationSeconds": 5})).replicas == 0


def test_after_an_outage_workers_double_instead_of_jumping() -> None:
    loop = ScalingLoop(policy(maxReplicas=20))
    loop.at(0, seen(100, dependencies=OPEN))
    numbers = [loop.at(second, seen(100)).replicas for second in (3, 4, 5, 7, 9, 11, 20)]
    assert numbers == [2, 2, 4, 8, 16, 20, 20]
    assert not loop.memory.recovering


def test_an_outage_seen_at_zero_starts_with_one() -> None:
    loop = ScalingLoop(policy())
    loop.at(0, seen(dependencies=OPEN))
    assert [loop.at(1, seen(9)).replicas, loop.at(2, seen(9)).replicas] == [1, 1]


def test_a_clock_set_back_forgets_the_future() -> None:
    loop = ScalingLoop(policy(down={"stabilizationSeconds": 10}, idleSeconds=0))
    loop.at(1000, seen(9))
    assert loop.at(0, seen(0, 1, busy=1)).replicas == 1


def test_memory_stays_bounded_however_often_it_is_asked() -> None:
    loop = ScalingLoop(policy(down={"stabilizationSeconds": 60}))
    for step in range(5000):
        loop.at(step / 20, seen(step % 7))
    assert len(loop.memory.samples) <= BUCKETS + 3
