"""What the operator's probes answer."""

import pytest

from asynctaskflow_operator.rules.health import Ages, live, ready


def ages(**given):
    calm = {"leading": True, "loop_s": 1.0, "watch_s": 2.0, "write_s": 3.0, "redis_away": False}
    return Ages(**{**calm, **given})


def test_an_operator_that_looks_and_hears_is_live_and_ready():
    assert live(ages())[0]
    assert ready(ages(), waiting_for="")[0]


def test_a_stuck_loop_is_a_reason_to_restart():
    assert live(ages(loop_s=61)) == (False, "the scaling loop has not looked for 61 s")


def test_a_watch_that_shows_nothing_while_writes_arrive_is_a_reason_to_restart():
    assert live(ages(watch_s=121)) == (False, "writes arrive, but no watch event for 121 s")


@pytest.mark.parametrize("write_s", [None, 500], ids=["never", "long ago"])
def test_an_api_server_that_is_away_is_no_reason_to_restart(write_s):
    gone = ages(watch_s=500, write_s=write_s)

    assert live(gone)[0]
    assert not ready(gone, waiting_for="")[0]


def test_redis_away_makes_it_unready_only():
    blind = ages(redis_away=True)

    assert live(blind)[0]
    assert not ready(blind, waiting_for="")[0]


def test_a_standby_says_whom_it_waits_for():
    assert ready(ages(leading=False), waiting_for="standing by") == (False, "standing by")
    assert live(ages(leading=False, watch_s=500))[0]
