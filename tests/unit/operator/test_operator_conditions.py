"""Conditions of Kubernetes: when their time of change moves."""

import pytest

from asynctaskflow_operator.rules.conditions import (
    MESSAGE_CHARS,
    Condition,
    merged,
    timestamp,
    written,
)

EARLIER = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]


def one(condition, before=()):
    (shown,) = merged([condition], before, generation=3, now_s=0)
    return shown


def test_a_condition_is_written_as_kubernetes_reads_it():
    assert one(Condition("Ready", status=True, reason="Accepting", message="yes")) == {
        "type": "Ready",
        "status": "True",
        "reason": "Accepting",
        "message": "yes",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
        "observedGeneration": 3,
    }


@pytest.mark.parametrize(("status", "text"), [(True, "True"), (False, "False"), (None, "Unknown")])
def test_a_status_is_true_false_or_unknown(status, text):
    assert one(Condition("Ready", status, "Why"))["status"] == text


def test_a_condition_that_stays_keeps_its_time():
    shown = one(Condition("Ready", status=True, reason="Other"), EARLIER)

    assert (shown["lastTransitionTime"], shown["reason"]) == ("2026-01-01T00:00:00Z", "Other")


def test_a_condition_that_turns_gets_the_time_of_now():
    shown = one(Condition("Ready", status=False, reason="Why"), EARLIER)

    assert shown["lastTransitionTime"] == "1970-01-01T00:00:00Z"


def test_another_conditions_time_is_not_taken_over():
    shown = one(Condition("Healthy", status=True, reason="Why"), EARLIER)

    assert shown["lastTransitionTime"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "damaged", [{}, {"type": "Ready"}, {"type": "Ready", "status": "True"}], ids=str
)
def test_a_damaged_status_gives_a_new_time(damaged):
    shown = one(Condition("Ready", status=True, reason="Why"), [damaged])

    assert shown["lastTransitionTime"] == "1970-01-01T00:00:00Z"


def test_a_message_has_the_length_that_the_api_server_takes():
    assert len(one(Condition("Ready", None, "Why", "x" * 5000))["message"]) == MESSAGE_CHARS


def test_times_are_in_utc_to_the_second():
    assert timestamp(1_795_435_200.9) == "2026-11-23T12:00:00Z"


def test_what_has_no_value_is_not_written():
    assert written({"a": None, "b": {"c": None, "d": 0}, "e": [None]}) == {
        "b": {"d": 0},
        "e": [None],
    }
