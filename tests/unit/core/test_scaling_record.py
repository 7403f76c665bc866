"""Which scaling decisions are worth keeping."""

from dataclasses import replace

import pytest

from asynctaskflow.scaling import Candidate, Decision, DecisionRecord, Limit, Memory
from asynctaskflow.scaling.record import REPEATED_AFTER_MS

STAYS = DecisionRecord(0, 2, 2, 2, "2 workers stay: ...", "None")
GREW = replace(STAYS, previous=1)


def test_a_record_says_what_the_decision_said():
    candidate = Candidate("demand", 3)
    decision = Decision(
        3,
        1,
        "1 -> 3 workers: ...",
        Limit.MAX_REPLICAS,
        Memory(),
        inputs={"waiting": 9},
        candidates=(candidate,),
        next_scale_down_s=5.0,
    )

    assert DecisionRecord.of(decision, at_ms=7, ready=1) == DecisionRecord(
        at_ms=7,
        previous=1,
        replicas=3,
        ready=1,
        reason="1 -> 3 workers: ...",
        limited_by="MaxReplicas",
        inputs={"waiting": 9},
        candidates=(candidate,),
        next_scale_down_s=5.0,
    )


def test_the_first_decision_is_news():
    assert STAYS.is_news_after(None)


NEWS = {
    "another_number": replace(STAYS, replicas=3),
    "a_limit_that_holds_workers_back": replace(STAYS, limited_by="BreakerOpen"),
    "panic": replace(STAYS, panic=True),
    "another_mode": replace(STAYS, acts=False),
    "the_same_number_from_another": replace(GREW, previous=0),
    "the_same_change_a_minute_later": replace(GREW, at_ms=REPEATED_AFTER_MS),
}


@pytest.mark.parametrize("record", NEWS.values(), ids=NEWS)
def test_it_is_news_that(record):
    assert record.is_news_after(GREW)


OLD = {
    "it_stays": STAYS,
    "other_words": replace(STAYS, reason="2 workers stay: 5 waiting", ready=1, at_ms=10**9),
    "a_wait_before_going_down": replace(STAYS, limited_by="Idle"),
    "the_same_change_at_once": replace(GREW, at_ms=REPEATED_AFTER_MS - 1),
    "a_change_that_nobody_makes": replace(GREW, previous=0, acts=False),
}


@pytest.mark.parametrize("record", OLD.values(), ids=OLD)
def test_it_is_no_news_that(record):
    assert not record.is_news_after(replace(GREW, acts=record.acts))
