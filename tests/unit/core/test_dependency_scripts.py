"""The dependencies' Lua says what it is, agrees with its enum, and turns replies into values."""

import re
from importlib.resources import files

import pytest

from asynctaskflow.dependencies.dependency_keys import call_keys, dependency_keys
from asynctaskflow.dependencies.messages import BreakerState, Code
from asynctaskflow.dependencies.records import state_of, transition_of
from asynctaskflow.model import keys
from asynctaskflow.resilience.breaker import Override, Status

FOLDERS = [files(f"asynctaskflow.{part}") / "lua" for part in ("dependencies", "blobs")]
SCRIPTS = {
    one.name.removesuffix(".lua"): one.read_text()
    for folder in FOLDERS
    for one in folder.iterdir()
    if one.name.endswith(".lua")
}
PRELUDE = "".join(one.read_text() for one in (FOLDERS[0] / "prelude").iterdir())
NOW_MS = 1_800_000_000_000


def header(source: str) -> str:
    lines = source.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(line.removeprefix("--").strip() for line in lines[:end])


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_opens_with_its_contract(name: str):
    text = header(SCRIPTS[name])

    assert text.startswith(f"{name}: ")
    for part in ("Returns: ", "Invariant: "):
        assert part in text
    assert "ARGV" in text or "ARGV" not in SCRIPTS[name]


def test_each_answer_has_the_number_of_the_enum_and_stands_in_the_header():
    names, numbers = re.findall(r"^local ([A-Z, ]+) = ([-\d, ]+)$", PRELUDE, re.MULTILINE)[0]
    found = dict(zip(names.split(", "), map(int, numbers.split(", ")), strict=True))

    assert found == {code.name: code.value for code in Code}
    assert all(name in header(SCRIPTS["admit"]) for name in found)


def test_the_prelude_names_each_key_in_order():
    names = re.findall(r"^local ([A-Z, ]+) = unpack\(KEYS, 1, 8\)$", PRELUDE, re.MULTILINE)[0]
    built = dict(zip(names.split(", "), dependency_keys("api"), strict=True))

    assert built["SPEC"] == keys.dependency("api")
    assert built["BREAKER"] == keys.circuit_breaker("api")
    assert built["CONFIG"] == keys.rate_limit_config("api")
    assert built["BUCKET"] == keys.rate_limit_bucket("api")
    assert call_keys("api", "n")[8] == keys.rate_limit_grant("api", "n")


def test_all_keys_of_a_dependency_share_one_hash_tag():
    assert all(key.count("{api}") == 1 for key in call_keys("api", "nonce"))


def test_a_transitions_reason_may_hold_the_separator():
    found = transition_of("5|closed|open|ForceOpen: a|b")

    assert (found.at_ms, found.old, found.new) == (5, Status.CLOSED, Status.OPEN)
    assert found.reason == "ForceOpen: a|b"


def test_an_empty_reply_is_an_unknown_dependency():
    assert state_of("api", []) is None


def test_the_failure_ratio_of_no_calls_is_zero():
    breaker = BreakerState(
        status=Status.CLOSED,
        override=Override.AUTO,
        since_ms=0,
        calls=0,
        failures=0,
        next_attempt_ms=0,
        probes_in_flight=0,
        probes_succeeded=0,
        epoch=0,
        probes=0,
    )

    assert breaker.failure_ratio == 0
