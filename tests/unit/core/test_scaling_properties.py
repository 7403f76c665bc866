"""What must hold for any observation: found by hypothesis, not by example."""

from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.scaling import (
    Decision,
    DependencySight,
    Memory,
    Observation,
    Policy,
    QueueSight,
    decide,
)

counts = st.integers(0, 200)
seconds = st.floats(0, 100, allow_nan=False)

dependencies = st.builds(
    DependencySight,
    name=st.just("llm"),
    breaker=st.sampled_from(["closed", "open", "half_open"]),
    limit_per_s=st.none() | st.floats(0.01, 1000),
)
queues = st.builds(
    QueueSight,
    waiting=counts,
    due_soon=counts,
    running=counts,
    next_due_s=st.none() | seconds,
    oldest_wait_s=seconds,
    paused=st.booleans(),
)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    replicas = draw(st.integers(0, 50))
    return Observation(
        queue=draw(st.none() | queues),
        replicas=replicas,
        busy=draw(st.integers(0, replicas)),
        p50_run_s=draw(seconds),
        last_arrival_s=draw(st.none() | seconds),
        dependencies=tuple(draw(st.lists(dependencies, max_size=2))),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    least = draw(st.integers(0, 5))
    window = {"stabilizationSeconds": draw(seconds), "maxStep": draw(st.integers(0, 5))}
    scaling = {
        "minReplicas": least,
        "maxReplicas": draw(st.integers(max(1, least), 40)),
        "idleSeconds": draw(seconds),
        "target": {"drainSeconds": draw(st.sampled_from([0, 10]))},
        "onBreakerOpen": draw(st.sampled_from(["Hold", "ToMin", "ToZero"])),
        "up": window,
        "down": {**window, "stabilizationSeconds": draw(seconds)},
    }
    slots = {"slotsPerWorker": draw(st.integers(1, 8))}
    return Policy.of(
        FunctionSpec.model_validate({"handler": "m:f", "concurrency": slots, "scaling": scaling})
    )


def play(looks: list[Observation], rules: Policy) -> list[tuple[Observation, Decision]]:
    memory, played = Memory(), []
    for number, look in enumerate(looks):
        decision = decide(look, rules, memory, now_s=100.0 + number)
        memory = decision.memory
        played.append((look, decision))
    return played


@given(st.lists(observations(), min_size=1, max_size=12), policies())
def test_whatever_is_seen_the_busy_live_and_the_bounds_hold(
    looks: list[Observation], rules: Policy
) -> None:
    for look, decision in play(looks, rules):
        assert decision.replicas >= min(look.busy, look.replicas)
        assert decision.replicas <= max(rules.scaling.max_replicas, look.replicas)
        assert decision.victims <= look.replicas - look.busy
        assert decision.reason


@given(st.lists(observations(), min_size=1, max_size=12), policies())
def test_waiting_tasks_of_a_function_that_runs_never_meet_zero_workers(
    looks: list[Observation], rules: Policy
) -> None:
    instant = rules.scaling.up.stabilization_seconds == 0
    for look, decision in play(looks, rules):
        if look.queue and look.queue.waiting and not look.queue.paused and instant:
            assert decision.replicas >= 1, decision.reason


@given(st.lists(observations(), min_size=1, max_size=12), policies())
def test_an_open_breaker_never_adds_workers_above_prober_and_minimum(
    looks: list[Observation], rules: Policy
) -> None:
    for look, decision in play(looks, rules):
        sick = any(d.breaker != "closed" for d in look.dependencies)
        if sick and look.queue:
            assert decision.replicas <= max(look.replicas, 1, rules.scaling.min_replicas)


@given(observations(), policies())
def test_the_same_values_give_the_same_decision(look: Observation, rules: Policy) -> None:
    one, two = (decide(look, rules, Memory(), now_s=1.0) for _ in range(2))
    assert one == two
