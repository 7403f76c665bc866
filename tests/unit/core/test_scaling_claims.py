"""The claims of one scaling decision, as a table: what is seen, what is decided, by which rule."""

from dataclasses import replace

import pytest

from asynctaskflow.scaling import (
    DependencySight,
    Limit,
    Memory,
    Observation,
    Policy,
    WorkerSight,
    choose_victims,
    decide,
)
from asynctaskflow_testkit.scaling import HALF_OPEN, LIMIT_10, NOON_S, OPEN, first, policy, seen

CLAIMS = [
    ("nothing to do starts nothing", seen(), policy(), 0, Limit.NONE),
    ("one task starts one worker", seen(1), policy(slots=4), 1, Limit.NONE),
    ("slots share the demand", seen(9), policy(slots=4), 3, Limit.NONE),
    ("running tasks are demand", seen(1, 4, replicas=1, busy=1), policy(slots=4), 2, Limit.NONE),
    ("due soon is demand", seen(due_soon=3), policy(), 3, Limit.NONE),
    (
        "a target of tasks per worker",
        seen(30),
        policy(target={"tasksPerWorker": 10}),
        3,
        Limit.NONE,
    ),
    ("the maximum holds", seen(1000), policy(maxReplicas=7), 7, Limit.MAX_REPLICAS),
    ("the minimum holds", seen(), policy(minReplicas=2), 2, Limit.MIN_REPLICAS),
    ("an open warm window is a minimum", seen(), policy(warm=(("30 11 * * *", 3),)), 3, Limit.WARM),
    ("a closed one is not", seen(), policy(warm=(("30 10 * * *", 3),)), 0, Limit.NONE),
    (
        "a warm window stays within the maximum",
        seen(),
        policy(maxReplicas=2, warm=(("0 12 * * *", 9),)),
        2,
        Limit.WARM,
    ),
    (
        "the backlog is drained in time",
        seen(100, run_s=6, replicas=1),
        policy(slots=4, maxReplicas=99, target={"drainSeconds": 30}),
        5,
        Limit.NONE,
    ),
    (
        "no worker without a task, however short the time",
        seen(2, run_s=600),
        policy(target={"drainSeconds": 1}),
        2,
        Limit.NONE,
    ),
    (
        "without a median run time the drain time is not used",
        seen(8),
        policy(slots=4, target={"drainSeconds": 1}),
        2,
        Limit.NONE,
    ),
    (
        "no more workers than the slowest limit keeps busy",
        seen(1000, run_s=2, dependencies=LIMIT_10),
        policy(slots=4, maxReplicas=100),
        5,
        Limit.RATE_LIMIT,
    ),
    (
        "time spent in the limiter's line justifies no worker",
        seen(
            1000, 40, replicas=40, run_s=4, dependencies=(DependencySight("llm", "closed", 10, 30),)
        ),
        policy(maxReplicas=100, down={"stabilizationSeconds": 0}),
        10,
        Limit.RATE_LIMIT,
    ),
    (
        "a rate limit leaves at least one worker",
        seen(10, run_s=0.01, dependencies=LIMIT_10),
        policy(slots=4),
        1,
        Limit.RATE_LIMIT,
    ),
    (
        "a rate limit that is not reached says nothing",
        seen(3, run_s=2, dependencies=LIMIT_10),
        policy(),
        3,
        Limit.NONE,
    ),
    (
        "an unknown run time cannot be capped",
        seen(9, dependencies=LIMIT_10),
        policy(),
        9,
        Limit.NONE,
    ),
    ("an open breaker starts one prober", seen(50, dependencies=OPEN), policy(), 1, Limit.BREAKER),
    ("so does a half-open one", seen(50, dependencies=HALF_OPEN), policy(), 1, Limit.BREAKER),
    (
        "Hold neither adds nor removes while a breaker is open",
        seen(50, replicas=4, dependencies=OPEN),
        policy(onBreakerOpen="Hold"),
        4,
        Limit.BREAKER,
    ),
    (
        "Hold keeps idle workers too",
        seen(0, replicas=4, dependencies=OPEN),
        policy(onBreakerOpen="Hold"),
        4,
        Limit.BREAKER,
    ),
    (
        "Hold from zero starts one prober",
        seen(50, dependencies=OPEN),
        policy(onBreakerOpen="Hold"),
        1,
        Limit.BREAKER,
    ),
    (
        "ToMin goes to the minimum",
        seen(50, replicas=8, dependencies=OPEN),
        policy(minReplicas=2),
        2,
        Limit.BREAKER,
    ),
    (
        "ToZero keeps one prober while tasks wait",
        seen(50, replicas=8, dependencies=OPEN),
        policy(onBreakerOpen="ToZero", minReplicas=2),
        1,
        Limit.BREAKER,
    ),
    (
        "ToZero without tasks is zero, whatever the minimum",
        seen(replicas=2, dependencies=OPEN),
        policy(onBreakerOpen="ToZero", minReplicas=2, idleSeconds=0),
        0,
        Limit.NONE,
    ),
    (
        "an open breaker never ends a busy worker",
        seen(50, 6, replicas=8, busy=6, dependencies=OPEN),
        policy(),
        6,
        Limit.BUSY,
    ),
    ("a paused function starts nothing", seen(50, paused=True), policy(), 0, Limit.PAUSED),
    (
        "a paused function keeps what runs",
        seen(50, 2, replicas=5, busy=2, paused=True),
        policy(),
        2,
        Limit.PAUSED,
    ),
    (
        "one busy task on each of many workers keeps them all",
        seen(0, 3, replicas=3, busy=3),
        policy(slots=8),
        3,
        Limit.BUSY,
    ),
    (
        "a lowered maximum waits for the busy",
        seen(20, 5, replicas=5, busy=5),
        policy(maxReplicas=2),
        5,
        Limit.BUSY,
    ),
    ("a step up is bounded", seen(50, replicas=1), policy(up={"maxStep": 2}), 3, Limit.MAX_STEP),
    (
        "a step down is bounded",
        seen(0, 1, replicas=9, busy=1),
        policy(down={"maxStep": 2, "stabilizationSeconds": 0}),
        7,
        Limit.MAX_STEP,
    ),
    (
        "a task due within the idle time keeps the last worker",
        seen(replicas=1, next_due_s=9.0),
        policy(idleSeconds=10),
        1,
        Limit.IDLE,
    ),
    (
        "a task due later does not",
        seen(replicas=1, next_due_s=11.0),
        policy(idleSeconds=0),
        0,
        Limit.NONE,
    ),
    (
        "while a breaker is open the prober waits longer for a task that is due",
        seen(replicas=1, next_due_s=40.0, dependencies=OPEN),
        policy(idleSeconds=0),
        1,
        Limit.IDLE,
    ),
    ("Paused leaves the number alone", seen(50, replicas=3), policy(mode="Paused"), 3, Limit.MODE),
    ("External too", seen(0, replicas=3), policy(mode="External"), 3, Limit.MODE),
]


@pytest.mark.parametrize(
    ("observation", "rules", "replicas", "limit"),
    [c[1:] for c in CLAIMS],
    ids=[c[0] for c in CLAIMS],
)
def test_claim(observation: Observation, rules: Policy, replicas: int, limit: Limit) -> None:
    decision = first(observation, rules)
    assert (decision.replicas, decision.limited_by) == (replicas, limit), decision.reason


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_an_unreadable_queue_changes_nothing(replicas: int) -> None:
    decision = first(Observation(None, replicas), policy(idleSeconds=0))
    assert (decision.replicas, decision.limited_by) == (replicas, Limit.QUEUE_UNREADABLE)


def test_an_unreadable_queue_is_remembered_as_nothing() -> None:
    busy = first(seen(10, replicas=10), policy())
    blind = decide(Observation(None, 10), policy(), busy.memory, now_s=NOON_S + 1)
    assert blind.memory == busy.memory


def test_an_unreadable_queue_does_not_break_the_minimum() -> None:
    decision = first(Observation(None, 0), policy(minReplicas=2))
    assert (decision.replicas, decision.limited_by) == (2, Limit.MIN_REPLICAS)


def test_observe_decides_without_acting() -> None:
    decision = first(seen(4, replicas=9), policy(mode="Observe", down={"stabilizationSeconds": 0}))
    assert (decision.replicas, decision.acts, decision.victims) == (4, False, 0)


def test_panic_skips_the_up_window_and_the_step_when_tasks_wait_too_long() -> None:
    rules = policy(up={"stabilizationSeconds": 60, "maxStep": 1})
    assert not first(seen(8, replicas=2, oldest_wait_s=5.9), rules).panic
    decision = first(seen(8, replicas=2, oldest_wait_s=6), rules)
    assert (decision.panic, decision.replicas) == (True, 8)


def test_panic_does_not_skip_breaker_limit_or_maximum() -> None:
    late_s = 60.0
    assert first(seen(50, dependencies=OPEN, oldest_wait_s=late_s), policy()).replicas == 1
    assert (
        first(
            seen(50, run_s=1, dependencies=LIMIT_10, oldest_wait_s=late_s), policy(slots=5)
        ).replicas
        == 2
    )
    assert first(seen(50, oldest_wait_s=late_s), policy(maxReplicas=4)).replicas == 4


def test_a_decision_names_its_numbers_in_one_sentence() -> None:
    decision = first(seen(40, 3, replicas=3, busy=3), policy(slots=2))
    assert decision.reason == (
        "3 -> 10 workers: 40 waiting, 0 due soon, 3 running; at 2 per worker that needs 22; "
        "maxReplicas allows 10"
    )


def test_a_number_that_stays_says_so() -> None:
    assert first(seen(0, 1, replicas=1, busy=1), policy()).reason.startswith("1 worker stays: ")
    assert first(seen(), policy()).reason.startswith("0 workers stay: ")


def test_a_decision_shows_what_each_rule_made_of_the_number() -> None:
    decision = first(seen(99, run_s=2, dependencies=LIMIT_10), policy(slots=4, maxReplicas=3))
    trail = [(c.signal, c.replicas) for c in decision.candidates]
    assert trail == [("Demand", 25), ("RateLimit", 5), ("MaxReplicas", 3)]
    assert decision.inputs["limit_per_s"] == 10
    assert decision.inputs["waiting"] == 99


def test_a_scale_down_names_how_many_idle_workers_go() -> None:
    decision = first(seen(0, 2, replicas=5, busy=2), policy(down={"stabilizationSeconds": 0}))
    assert decision.victims == 3


def test_victims_are_idle_and_the_youngest_first() -> None:
    workers = [
        WorkerSight("old", 1.0),
        WorkerSight("young", 9.0),
        WorkerSight("busy", 9.0, active=1),
        WorkerSight("leaving", 9.0, draining=True),
        WorkerSight("starting", 5.0, ready=False),
    ]
    assert choose_victims(workers, count=2) == ("starting", "young")
    assert choose_victims(workers, count=9) == ("starting", "young", "old")
    assert choose_victims(workers, count=-1) == ()


@pytest.mark.parametrize(
    ("now", "replicas"),
    [
        pytest.param(seen(40), 5, id="five at first"),
        pytest.param(replace(seen(40, replicas=5), starting=5), 5, id="no more while none is up"),
        pytest.param(
            replace(seen(40, replicas=5), starting=3), 7, id="five beside those that are up"
        ),
        pytest.param(replace(seen(40, replicas=8), starting=0), 16, id="as many as are up"),
        pytest.param(replace(seen(3, replicas=0), starting=0), 3, id="no more than are needed"),
    ],
)
def test_workers_start_a_few_at_a_time(now, replicas):
    rules = policy(maxReplicas=20, up={"maxStarting": 5})
    assert decide(now, rules, Memory(raised_s=NOON_S - 1), now_s=NOON_S).replicas == replicas


def test_workers_that_are_long_in_coming_hold_up_no_others():
    rules = policy(maxReplicas=20, up={"maxStarting": 5})
    waiting = replace(seen(40, replicas=5), starting=5)
    assert decide(waiting, rules, Memory(raised_s=NOON_S - 2), now_s=NOON_S).replicas == 20
