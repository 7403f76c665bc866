"""When the circuit opens, who may probe it, and when it closes."""

from dataclasses import replace

import pytest

from asynctaskflow.resilience.breaker import (
    Breaker,
    Override,
    Report,
    Rules,
    Status,
    admit,
    consult,
    force,
    report,
    window,
)

RULES = Rules(
    window_ms=10_000, min_calls=4, failure_ratio=0.5, open_ms=5_000, probes=2, permit_ms=1_000
)
T0 = 1_800_000_000_000


def after(breaker: Breaker, *ends: Report, now_ms: int = T0) -> Breaker:
    """The breaker after calls that ended so."""
    for end in ends:
        breaker = report(breaker, RULES, nonce="call", epoch=breaker.epoch, how=end, now_ms=now_ms)
    return breaker


def opened() -> Breaker:
    breaker = after(Breaker(), *[Report.FAULT] * 4)
    assert breaker.status is Status.OPEN
    return breaker


def probing(*nonces: str, now_ms: int = T0 + 5_000) -> Breaker:
    breaker = opened()
    for nonce in nonces:
        breaker, verdict = consult(breaker, RULES, now_ms=now_ms)
        assert verdict.probe
        breaker = admit(breaker, RULES, nonce=nonce, now_ms=now_ms)
    return breaker


def allowed(breaker: Breaker, now_ms: int = T0) -> bool:
    return consult(breaker, RULES, now_ms=now_ms)[1].allowed


def ended(breaker: Breaker, nonce: str, how: Report, now_ms: int = T0 + 5_001) -> Breaker:
    return report(breaker, RULES, nonce=nonce, epoch=breaker.epoch, how=how, now_ms=now_ms)


def test_failures_below_the_minimum_volume_do_not_open():
    assert after(Breaker(), *[Report.FAULT] * 3).status is Status.CLOSED


def test_the_ratio_of_failures_opens():
    half = [Report.SUCCESS, Report.SUCCESS, Report.FAULT, Report.FAULT]

    assert after(Breaker(), *half).status is Status.OPEN


def test_a_success_that_completes_the_minimum_volume_may_open_too():
    assert after(Breaker(), *[Report.FAULT] * 3, Report.SUCCESS).status is Status.OPEN


def test_fewer_failures_than_the_ratio_do_not_open():
    mostly_good = [Report.SUCCESS] * 6 + [Report.FAULT] * 5

    assert after(Breaker(), *mostly_good).status is Status.CLOSED


def test_neutral_ends_count_neither_as_calls_nor_as_failures():
    breaker = after(Breaker(), *[Report.NEUTRAL] * 50, Report.FAULT)

    assert window(breaker, RULES, now_ms=T0) == (1, 1)


def test_calls_older_than_the_window_are_forgotten():
    breaker = after(Breaker(), *[Report.FAULT] * 3)

    assert after(breaker, Report.FAULT, now_ms=T0 + 11_000).status is Status.CLOSED


def test_an_open_circuit_says_when_to_come_back():
    _, verdict = consult(opened(), RULES, now_ms=T0 + 1_000)

    assert (verdict.allowed, verdict.wait_ms) == (False, 4_000)


def test_exactly_as_many_probes_as_allowed_are_let_through():
    assert not allowed(probing("a", "b"), T0 + 5_000)


def test_all_probes_must_succeed_to_close():
    breaker = ended(probing("a", "b"), "a", Report.SUCCESS)

    assert breaker.status is Status.HALF_OPEN
    assert not allowed(breaker, T0 + 5_001)
    assert ended(breaker, "b", Report.SUCCESS).status is Status.CLOSED


def test_one_failed_probe_opens_again():
    breaker = ended(probing("a", "b"), "b", Report.FAULT)

    assert (breaker.status, breaker.until_ms) == (Status.OPEN, T0 + 5_001 + 5_000)


def test_a_success_of_the_other_probe_after_that_changes_nothing():
    half_open = probing("a", "b")
    breaker = ended(half_open, "b", Report.FAULT)

    late = report(
        breaker, RULES, nonce="a", epoch=half_open.epoch, how=Report.SUCCESS, now_ms=T0 + 5_002
    )

    assert late == breaker


def test_a_neutral_probe_gives_its_permit_back():
    breaker = ended(probing("a", "b"), "a", Report.NEUTRAL)

    assert breaker.status is Status.HALF_OPEN
    assert allowed(breaker, T0 + 5_001)


def test_an_expired_permit_is_given_to_another_and_its_report_ignored():
    breaker = probing("a", "b")
    late = T0 + 5_000 + RULES.permit_ms

    assert allowed(breaker, late)
    assert ended(breaker, "a", Report.FAULT, late) == breaker


def test_a_call_from_before_the_transition_does_not_count_as_a_probe():
    breaker = probing("a")

    assert report(
        breaker, RULES, nonce="a", epoch=0, how=Report.FAULT, now_ms=T0 + 5_001
    ) == breaker  # fmt: skip


def test_a_closed_circuit_starts_with_an_empty_window():
    breaker = probing("a", "b")
    for nonce in "ab":
        breaker = ended(breaker, nonce, Report.SUCCESS)

    assert window(breaker, RULES, now_ms=T0 + 5_001) == (0, 0)


def test_forced_open_lets_nothing_through_however_long():
    breaker = force(Breaker(), Override.FORCE_OPEN)

    assert not allowed(breaker, T0 + 10**12)


def test_forced_closed_stays_closed_whatever_fails():
    breaker = force(opened(), Override.FORCE_CLOSED)

    assert after(breaker, *[Report.FAULT] * 50).status is Status.CLOSED


def test_auto_after_a_force_starts_afresh_and_closed():
    breaker = force(force(Breaker(), Override.FORCE_OPEN), Override.AUTO)

    assert (breaker.status, breaker.override) == (Status.CLOSED, Override.AUTO)


def test_auto_resets_an_open_circuit():
    assert force(opened(), Override.AUTO).status is Status.CLOSED


def test_forcing_twice_is_forcing_once():
    once = force(Breaker(), Override.FORCE_OPEN)

    assert force(once, Override.FORCE_OPEN) == once


@pytest.mark.parametrize("back_ms", [60_000, 86_400_000])
def test_a_clock_that_steps_back_never_keeps_it_open_longer_than_open_time(back_ms):
    breaker, verdict = consult(opened(), RULES, now_ms=T0 - back_ms)

    assert verdict.wait_ms == RULES.open_ms
    assert allowed(breaker, T0 - back_ms + RULES.open_ms)


@pytest.mark.parametrize("back_ms", [60_000, 86_400_000])
def test_a_clock_that_steps_back_holds_a_dead_probes_permit_no_longer(back_ms):
    breaker, _ = consult(probing("a", "b"), RULES, now_ms=T0 - back_ms)

    assert not allowed(breaker, T0 - back_ms + RULES.permit_ms - 1)
    assert allowed(breaker, T0 - back_ms + RULES.permit_ms)


def test_a_new_transition_is_a_new_epoch():
    assert [opened().epoch, probing("a").epoch] == [1, 2]


def test_a_window_that_lies_in_the_future_does_not_count():
    breaker = after(Breaker(), *[Report.FAULT] * 3, now_ms=T0 + 60_000)

    assert window(replace(breaker), RULES, now_ms=T0) == (0, 0)
