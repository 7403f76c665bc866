"""The dependencies' Lua says what it is, agrees with its enum, and turns replies into values."""

import re
from importlib.resources import files

import pytest

from asynctaskflow.dependencies.dependency_keys import call_keys, dependency_keys
from asynctaskflow.dependencies.messages import BreakerState, Code, DependencyState, LimiterState
from asynctaskflow.dependencies.outlook import RECHECK_FORCED_MS, claims_wait_ms
from asynctaskflow.dependencies.records import state_of, transition_of
from asynctaskflow.model import keys
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec
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
    names = re.findall(r"^local ([A-Z, ]+) = unpack\(KEYS, 1, 7\)$", PRELUDE, re.MULTILINE)[0]
    built = dict(zip(names.split(", "), dependency_keys("api"), strict=True))

    assert built["SPEC"] == keys.dependency("api")
    assert built["BREAKER"] == keys.circuit_breaker("api")
    assert built["CONFIG"] == keys.rate_limit_config("api")
    assert built["BUCKET"] == keys.rate_limit_bucket("api")
    assert call_keys("api", "n")[7] == keys.rate_limit_grant("api", "n")


def test_all_keys_of_a_dependency_share_one_hash_tag():
    assert all(key.count("{api}") == 1 for key in call_keys("api", "nonce"))


def test_a_transitions_reason_may_hold_the_separator():
    found = transition_of("5|closed|open|ForceOpen: a|b")

    assert (found.at_ms, found.old, found.new) == (5, Status.CLOSED, Status.OPEN)
    assert found.reason == "ForceOpen: a|b"


def test_an_empty_reply_is_an_unknown_dependency():
    assert state_of("api", []) is None


def state(
    status: Status = Status.CLOSED,
    *,
    override: Override = Override.AUTO,
    next_ms: int = 0,
    probes: int = 0,
    good: int = 0,
    asleep_until_ms: int = 0,
) -> DependencyState:
    spec = DependencySpec(
        breaker=BreakerPolicy(open_seconds=30, half_open_probes=2), max_wait_seconds=10
    )
    breaker = BreakerState(
        status=status,
        override=override,
        since_ms=0,
        calls=0,
        failures=0,
        next_attempt_ms=next_ms,
        probes_in_flight=probes,
        probes_succeeded=good,
        epoch=0,
        probes=0,
    )
    limiter = LimiterState(0, 0, 0, 0, "", asleep_until_ms, 0, 0, 0)
    return DependencyState("api", spec, breaker, limiter, NOW_MS)


@pytest.mark.parametrize(
    ("seen", "wait_ms"),
    [
        (state(), 0),
        (state(Status.OPEN, next_ms=NOW_MS + 700), 700),
        (state(Status.OPEN, next_ms=NOW_MS - 1), 0),
        (state(Status.HALF_OPEN, probes=1), 0),
        (state(Status.HALF_OPEN, probes=1, good=1), 3_000),
        (state(Status.OPEN, override=Override.FORCE_OPEN), RECHECK_FORCED_MS),
        (state(asleep_until_ms=NOW_MS + 9_000), 0),
        (state(asleep_until_ms=NOW_MS + 11_000), 11_000),
        (state(Status.OPEN, next_ms=NOW_MS + 700, asleep_until_ms=NOW_MS + 11_000), 11_000),
    ],
)
def test_work_is_claimed_only_when_its_calls_could_be_made(seen: DependencyState, wait_ms: int):
    assert claims_wait_ms(seen) == wait_ms


def test_the_failure_ratio_of_no_calls_is_zero():
    assert state().breaker.failure_ratio == 0
