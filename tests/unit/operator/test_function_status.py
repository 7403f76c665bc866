"""What a Function's status says, and which changes of it are worth a write."""

from dataclasses import replace

import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskState
from asynctaskflow.scaling import Decision, DecisionRecord, DependencySight, Limit, Memory
from asynctaskflow.scaling.decision import Candidate
from asynctaskflow.taskqueue.messages import QueueDepths
from asynctaskflow_operator.rules.function_status import (
    Crew,
    FunctionSight,
    function_status,
    is_change,
    is_news,
)

NOW_S = 1_795_435_200.0
NOON = "2026-11-23T12:00:00Z"
LATER = "2026-11-23T12:00:10Z"
STATES = {**dict.fromkeys(TaskState, 0), TaskState.PENDING: 4, TaskState.DLQ: 2}
DEPTHS = QueueDepths(
    function="f",
    primary=4,
    retry=0,
    states=STATES,
    paused=False,
    oldest_pending_ms=1234,
    overdue_lease_ms=0,
    next_due_ms=None,
    now_ms=round(NOW_S * 1000),
)
DECISION = Decision(
    replicas=2,
    previous=1,
    reason="1 -> 2 workers: 4 waiting",
    limited_by=Limit.NONE,
    memory=Memory(),
    inputs={"waiting": 4, "next_due_s": None},
    candidates=(Candidate("Need", 2),),
)
SPEC = FunctionSpec(handler="m:f", image="i:1", dependencies=("llm", "db"))
CLOSED = (DependencySight("llm"), DependencySight("db"))


def sight(**given):
    return FunctionSight(**{"generation": 3, "selector": "a=b", "depths": DEPTHS, **given})


def status_of(*, now_s=NOW_S, **given):
    return function_status(sight(**given), now_s=now_s)


def decided(**given):
    decision = replace(DECISION, **given)
    record = DecisionRecord.of(decision, at_ms=round(NOW_S * 1000), ready=1)
    return {"decision": decision, "records": (record,)}


def condition(kind, **given):
    (found,) = [one for one in status_of(**given)["conditions"] if one["type"] == kind]
    return found["status"], found["reason"]


def test_workers_are_counted():
    status = status_of(crew=Crew(replicas=3, ready=2, busy=1, draining=4), **decided())

    names = ("replicas", "readyReplicas", "busyReplicas", "drainingReplicas", "desiredReplicas")
    assert [status[name] for name in names] == [3, 2, 1, 4, 2]


def test_a_function_that_nobody_has_decided_on_has_no_desired_number():
    assert status_of()["desiredReplicas"] is None


def test_the_queue_is_told_by_state():
    queue = status_of()["queue"]

    assert (queue["pending"], queue["dlq"], queue["active"]) == (4, 2, 0)
    assert (queue["oldestSeconds"], queue["paused"], queue["asOf"]) == (1.2, False, NOON)


def test_an_unreadable_queue_keeps_what_was_seen_last():
    status = status_of(depths=None, before={"queue": {"pending": 9}})

    assert status["queue"] == {"pending": 9}


def test_a_decision_is_told_with_its_reason_and_numbers():
    last = status_of(**decided())["scaling"]["last"]

    assert last == {
        "time": NOON,
        "from": 1,
        "to": 2,
        "reason": "1 -> 2 workers: 4 waiting",
        "limitedBy": "None",
        "acts": True,
        "inputs": {"waiting": 4},
        "candidates": [{"signal": "Need", "replicas": 2}],
        "nextScaleDownTime": None,
    }


def test_the_time_of_the_next_scale_down_is_told():
    last = status_of(**decided(next_scale_down_s=NOW_S + 10))["scaling"]["last"]

    assert last["nextScaleDownTime"] == LATER


@pytest.mark.parametrize("given", [{}, {"decision": DECISION}], ids=["none", "not yet news"])
def test_without_a_decision_that_is_news_there_is_no_scaling(given):
    assert status_of(**given)["scaling"] is None


def test_dependencies_are_told_in_the_order_of_the_spec():
    shown = status_of(spec=SPEC, dependencies=CLOSED[::-1])["dependencies"]

    assert [(one["name"], one["state"]) for one in shown] == [("llm", "Closed"), ("db", "Closed")]


def test_a_dependency_that_is_not_known_is_unknown():
    shown = status_of(spec=SPEC, dependencies=CLOSED[:1])["dependencies"]

    assert shown[1] == {"name": "db", "state": "Unknown", "since": NOON}


def test_a_dependency_keeps_the_time_since_which_it_is_as_it_is():
    before = status_of(spec=SPEC, dependencies=CLOSED)
    turned = (DependencySight("llm", breaker="open"), DependencySight("db"))
    after = status_of(spec=SPEC, dependencies=turned, before=before, now_s=NOW_S + 10)

    assert [one["since"] for one in after["dependencies"]] == [LATER, NOON]


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (("closed", "closed"), "Closed"),
        (("closed", "half_open"), "HalfOpen"),
        (("open", "half_open"), "Open"),
    ],
)
def test_the_worst_breaker_is_the_functions(states, worst):
    seen = tuple(
        DependencySight(name, breaker=state)
        for name, state in zip(SPEC.dependencies, states, strict=True)
    )

    assert status_of(spec=SPEC, dependencies=seen)["breaker"] == worst


def test_without_dependencies_the_breaker_is_blank():
    assert status_of(spec=FunctionSpec(handler="m:f"))["breaker"] == ""


READY = {
    "invalid": ({"problem": "spec.x: wrong"}, ("False", "InvalidSpec")),
    "deleting": ({"deleting": True}, ("False", "Deleting")),
    "none up": (decided(), ("False", "NoWorkerReady")),
    "some up": ({**decided(), "crew": Crew(2, 1)}, ("True", "Accepting")),
    "asleep": (decided(replicas=0), ("True", "Accepting")),
    "undecided": ({}, ("True", "Accepting")),
}


@pytest.mark.parametrize(("given", "shown"), READY.values(), ids=READY)
def test_ready_says_whether_tasks_are_taken_and_run(given, shown):
    assert condition("Ready", **given) == shown


SCALING = {
    "undecided": ({}, ("Unknown", "NotDecidedYet")),
    "demand": (decided(), ("True", "FollowsDemand")),
    "minimum": (decided(limited_by=Limit.MIN_REPLICAS), ("True", "FollowsDemand")),
    "observing": (decided(acts=False), ("False", "Mode")),
    "observing at rest": (decided(acts=False, limited_by=Limit.IDLE), ("False", "Mode")),
    "breaker": (decided(limited_by=Limit.BREAKER), ("False", "BreakerOpen")),
    "rate": (decided(limited_by=Limit.RATE_LIMIT), ("False", "RateLimit")),
    "blind": (decided(limited_by=Limit.QUEUE_UNREADABLE), ("False", "QueueUnreadable")),
    "paused": (decided(limited_by=Limit.PAUSED), ("False", "Paused")),
}


@pytest.mark.parametrize(("given", "shown"), SCALING.values(), ids=SCALING)
def test_scaling_active_says_whether_demand_alone_decides(given, shown):
    assert condition("ScalingActive", **given) == shown


@pytest.mark.parametrize(
    ("depths", "shown"), [(DEPTHS, ("True", "Read")), (None, ("Unknown", "Unreadable"))]
)
def test_queue_readable_says_whether_redis_answers(depths, shown):
    assert condition("QueueReadable", depths=depths) == shown


def test_a_queue_that_nobody_has_looked_at_is_not_laid_at_redis_door():
    assert condition("QueueReadable", depths=None, problem="spec.x: wrong") == (
        "Unknown",
        "NotRead",
    )


HEALTH = {
    "none": ({}, ("True", "NoDependencies")),
    "closed": ({"spec": SPEC, "dependencies": CLOSED}, ("True", "Closed")),
    "unknown": ({"spec": SPEC}, ("Unknown", "BreakerUnknown")),
    "one unknown": ({"spec": SPEC, "dependencies": CLOSED[:1]}, ("Unknown", "BreakerUnknown")),
    "open": (
        {"spec": SPEC, "dependencies": (DependencySight("llm", breaker="open"), CLOSED[1])},
        ("False", "BreakerOpen"),
    ),
}


@pytest.mark.parametrize(("given", "shown"), HEALTH.values(), ids=HEALTH)
def test_dependencies_healthy_follows_the_worst(given, shown):
    assert condition("DependenciesHealthy", **given) == shown


def full(**given):
    return status_of(**{"spec": SPEC, "dependencies": CLOSED, "crew": Crew(1, 1), **given})


QUIET = {
    "the time of a look": {"depths": replace(DEPTHS, now_ms=DEPTHS.now_ms + 9000)},
    "the age of the oldest task": {"depths": replace(DEPTHS, oldest_pending_ms=99_000)},
    "a reason with other numbers": decided(reason="1 -> 2 workers: 5 waiting"),
}


@pytest.mark.parametrize("change", QUIET.values(), ids=QUIET)
def test_a_look_that_shows_nothing_new_is_no_write(change):
    before = {**full(**decided())}
    given = {**decided(), **change}
    records = decided()["records"]

    assert not is_change(full(**{**given, "records": records}, before=before), before)


def test_counts_of_tasks_are_a_change_but_no_news():
    before, more = full(), replace(DEPTHS, states={**STATES, TaskState.PENDING: 5})

    assert is_change(full(depths=more), before)
    assert not is_news(full(depths=more), before)


NEWS = {
    "another number of workers": decided(replicas=5),
    "another limit": decided(limited_by=Limit.MAX_REPLICAS),
    "a problem": {"problem": "spec.x: wrong"},
    "a breaker": {"dependencies": (DependencySight("llm", breaker="open"), CLOSED[1])},
    "a generation": {"generation": 4},
    "a pod": {"crew": Crew(2, 2)},
}


@pytest.mark.parametrize("change", NEWS.values(), ids=NEWS)
def test_what_people_act_on_is_news(change):
    before = full(**decided())

    assert is_news(full(**{**decided(), **change}, before=before), before)


def test_a_first_status_is_news():
    assert is_news(full(), {})


def test_empty_and_absent_are_the_same():
    before = {name: value for name, value in status_of().items() if value}

    assert not is_change(status_of(before=before), before)
