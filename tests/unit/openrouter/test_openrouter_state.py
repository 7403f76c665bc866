"""What a finding says, and how a stored state is read back."""

import re
from importlib.resources import files

import pytest

from asynctaskflow.errors import Permanent, Retryable
from asynctaskflow_openrouter import keys
from asynctaskflow_openrouter.account import Credits, KeyInfo
from asynctaskflow_openrouter.faults import Fault
from asynctaskflow_openrouter.state import (
    STATE_OF_FAULT,
    ServiceState,
    finding_of_account,
    finding_of_error,
    status_of_fields,
)


def test_every_fault_of_service_or_account_has_a_state():
    about_the_request = {Fault.MODERATED, Fault.REQUEST_REJECTED}

    assert STATE_OF_FAULT.keys() == set(Fault) - about_the_request


def test_an_account_with_credits_is_active_with_its_amounts():
    finding = finding_of_account(KeyInfo(usage=2, usage_today=0), Credits(5, 2))

    assert finding.state is ServiceState.ACTIVE
    assert finding.fields["balance"] == "3"
    assert finding.fields["usage_today"] == "0"
    assert "usage_month" not in finding.fields


def test_a_pause_is_only_that_of_a_429():
    limited = finding_of_error(Retryable("x", delay_s=7, error_class="rate_limited"))
    down = finding_of_error(Retryable("x", delay_s=7, error_class="unavailable"))

    assert (limited.pause_s, down.pause_s) == (7, 0)


def test_an_error_of_no_known_class_is_an_error():
    assert finding_of_error(Permanent("x", error_class="strange")).state is ServiceState.ERROR


@pytest.mark.parametrize("fields", [{}, {"state": "splendid"}, {"last_check": "5"}])
def test_a_state_that_says_nothing_is_no_status(fields):
    assert status_of_fields(fields, now_ms=10) is None


def test_damaged_fields_are_as_good_as_missing():
    """Redis content is untrusted input."""
    fields = {"state": "active", "balance": "much", "last_check": "nan", "last_success": "1e400"}

    status = status_of_fields(fields, now_ms=10)

    assert status is not None
    assert (status.balance, status.last_check_ms, status.last_success_ms) == (None, None, None)
    assert status.check_age_ms == float("inf")


def test_ages_are_by_redis_clock_and_never_negative():
    fields = {"state": "active", "last_check": "1000", "last_api_call": "5000"}

    status = status_of_fields(fields, now_ms=4000)

    assert status is not None
    assert (status.check_age_ms, status.age_ms, status.confirmed) == (3000, 0, False)


def test_all_keys_share_one_slot():
    names = [
        keys.STATE,
        keys.LOCK,
        keys.CREDITS,
        keys.metrics("2026-01-01"),
        keys.worker_errors("2026-01-01"),
        keys.report("nonce"),
    ]

    assert all(name.startswith("{openrouter}:") for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["look", "record_check", "release", "report_call"])
def test_each_script_states_its_contract(name):
    source = (files("asynctaskflow_openrouter") / "lua" / f"{name}.lua").read_text()
    header = source[: source.index("\nlocal") if "\nlocal" in source else source.index("\nif")]

    used = set(re.findall(r"\b(?:KEYS|ARGV)\[\d+\]", source[len(header) :]))
    assert all(argument in header for argument in used)
    assert "returns" in header
    assert "Invariant" in header
