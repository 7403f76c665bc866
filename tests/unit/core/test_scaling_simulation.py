"""The defaults, judged in virtual time before they meet users."""

import random

import pytest

from asynctaskflow.model.function import Scaling
from asynctaskflow.scaling import DependencySight, Policy
from asynctaskflow.scaling.simulation import Job, Outcome, Plant, bursts, simulate

DEFAULTS = Policy(Scaling(), slots=1)


def two_bursts(seed: int, *, start_s: float) -> Outcome:
    draw = random.Random(seed)
    runs_s = [draw.uniform(1, 4) for _ in range(40)]
    return simulate(bursts(runs_s=runs_s, count=2, every_s=110), DEFAULTS, Plant(start_s=start_s))


@pytest.mark.parametrize("start_s", [0.5, 1.5, 2.5])
def test_two_bursts_of_forty_wait_at_most_13_s_at_1_6_worker_seconds_per_second_of_work(
    start_s: float,
) -> None:
    for seed in range(10):
        outcome = two_bursts(seed, start_s=start_s)
        assert outcome.wait_s(0.95) <= 13
        assert outcome.cost <= 1.6
        assert outcome.peak <= 10
        assert outcome.unstarted == 0


def test_every_job_starts_and_the_workers_are_gone_at_the_end() -> None:
    outcome = two_bursts(1, start_s=2.0)
    assert len(outcome.waits_s) == 80
    assert outcome.changes[-1][1].replicas == 0


def test_a_steady_stream_does_not_flap() -> None:
    draw = random.Random(2)
    jobs, at_s = [], 0.0
    while at_s < 600:
        at_s += draw.expovariate(2)
        jobs.append(Job(at_s, draw.expovariate(0.4)))
    outcome = simulate(jobs, DEFAULTS, Plant(until_s=620))
    assert len(outcome.changes) / 10 < 15  # a minute
    assert outcome.wait_s(0.95) < 2


def test_a_rate_limit_ends_the_growth_as_soon_as_run_times_are_known() -> None:
    jobs = [Job(number / 4, 1.0) for number in range(240)]
    limit = (DependencySight("llm", limit_per_s=2),)
    free, limited = (
        simulate(jobs, DEFAULTS, Plant(dependencies=dependencies, start_s=1, until_s=60))
        for dependencies in ((), limit)
    )
    known_s = 2.0  # the first job has started and ended
    grown = [(at_s, one) for at_s, one in limited.changes if one.replicas > one.previous]
    assert max(at_s for at_s, _ in grown) <= known_s
    assert limited.peak < free.peak


def test_an_empty_play_costs_nothing() -> None:
    outcome = simulate([], DEFAULTS, Plant())
    assert (outcome.cost, outcome.wait_s(0.95), outcome.peak) == (0.0, 0.0, 0)


def test_what_the_end_of_the_play_cuts_off_is_counted() -> None:
    outcome = simulate([Job(0, 100), Job(0, 1)], Policy(Scaling(max_replicas=1)), Plant(until_s=50))
    assert outcome.unstarted == 1
    assert outcome.worker_s == pytest.approx(50, abs=1)
