"""What a Dependency's status says of its breaker and its limiter."""

from dataclasses import replace

import pytest

from asynctaskflow.dependencies.messages import (
    BreakerState,
    DependencyState,
    LimiterState,
    Transition,
)
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.resilience.breaker import Override, Status
from asynctaskflow_operator.rules.dependency_status import dependency_status, is_news

BREAKER = BreakerState(
    status=Status.CLOSED,
    override=Override.AUTO,
    since_ms=1000,
    calls=3,
    failures=1,
    next_attempt_ms=0,
    probes_in_flight=0,
    probes_succeeded=0,
    epoch=0,
    probes=0,
)
NO_LIMIT = LimiterState(
    tokens=0,
    requests=0,
    interval_ms=0,
    capacity=0,
    source="",
    sleeping_until_ms=0,
    waiting=0,
    grants=0,
    throttled=0,
)
OPEN = {"status": Status.OPEN, "next_attempt_ms": 31_000}
OPENED = Transition(1000, Status.CLOSED, Status.OPEN, "6 of 10 calls failed")


def status_of(*, limiter=NO_LIMIT, transitions=(), before=None, **breaker):
    state = DependencyState(
        "llm", DependencySpec(), replace(BREAKER, **breaker), limiter, now_ms=5000
    )
    return dependency_status(state, transitions, generation=2, used_by=4, before=before or {})


def test_a_closed_breaker_is_healthy():
    status = status_of()

    (healthy,) = status["conditions"]
    assert (status["state"], status["reason"], status["nextAttemptTime"]) == ("Closed", "", None)
    assert (healthy["status"], healthy["reason"]) == ("True", "BreakerClosed")


def test_counts_and_users_are_told():
    status = status_of()

    names = ("calls", "failures", "failureRatio", "usedBy", "observedGeneration")
    assert [status[name] for name in names] == [3, 1, 0.333, 4, 2]


def test_an_open_breaker_says_why_and_when_it_is_tried_again():
    status = status_of(transitions=[OPENED], **OPEN)

    (healthy,) = status["conditions"]
    assert (status["state"], status["reason"]) == ("Open", "6 of 10 calls failed")
    assert status["nextAttemptTime"] == "1970-01-01T00:00:31Z"
    assert (healthy["status"], healthy["message"]) == ("False", "6 of 10 calls failed")


def test_a_half_open_breaker_is_not_healthy_yet():
    status = status_of(status=Status.HALF_OPEN)

    assert (status["state"], status["conditions"][0]["status"]) == ("HalfOpen", "False")


def test_a_breaker_that_is_held_by_hand_says_so_and_is_not_tried():
    status = status_of(override=Override.FORCE_OPEN, transitions=[OPENED], **OPEN)

    shown = [status[name] for name in ("state", "reason", "nextAttemptTime", "override")]
    assert shown == ["Open", "by hand", None, "ForceOpen"]


def test_a_dependency_without_a_limit_shows_none():
    assert status_of()["rateLimit"] is None


def test_a_limit_is_told_per_second():
    limiter = replace(NO_LIMIT, requests=60, interval_ms=60_000, capacity=5, source="spec")

    assert status_of(limiter=limiter)["rateLimit"] == {
        "requestsPerSecond": 1,
        "capacity": 5,
        "source": "spec",
        "sleepingUntil": None,
        "waiting": 0,
    }


def test_a_limiter_that_sleeps_says_until_when():
    limiter = replace(NO_LIMIT, requests=1, interval_ms=1000, sleeping_until_ms=9000)

    assert status_of(limiter=limiter)["rateLimit"]["sleepingUntil"] == "1970-01-01T00:00:09Z"


def test_a_time_of_change_is_kept_while_health_stays():
    first = status_of()
    first["conditions"][0]["lastTransitionTime"] = "2000-01-01T00:00:00Z"

    again = status_of(before=first)["conditions"][0]
    assert again["lastTransitionTime"] == "2000-01-01T00:00:00Z"


@pytest.mark.parametrize("field", ["calls", "failures"])
def test_counts_are_no_news(field):
    assert not is_news(status_of(**{field: 2}), status_of())


def test_a_turn_of_the_breaker_is_news():
    assert is_news(status_of(status=Status.OPEN), status_of())
