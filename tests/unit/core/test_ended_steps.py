"""Which steps an answer about the past has, and which hashes hold them."""

import re
from importlib.resources import files

import pytest

from asynctaskflow.model.ended import (
    COARSE,
    FINE,
    GRAINS,
    LETTERS,
    MINUTE_MS,
    STEPS_EACH,
    Grain,
    Window,
    added,
    window,
)
from asynctaskflow.model.task import TERMINAL, TaskState

NOW = 1_800_000_123_456
EVERY_SPAN = range(1, 1441)
LUA = (files("asynctaskflow.taskqueue") / "lua/prelude/2_ended.lua").read_text()
COMPLETED, FAILED = TaskState.COMPLETED, TaskState.FAILED


def test_a_span_is_covered_by_at_most_thirty_steps_that_end_after_now() -> None:
    for minutes in EVERY_SPAN:
        seen = window(minutes, now_ms=NOW)
        assert 2 <= seen.steps <= 30, minutes
        assert seen.steps * seen.step_ms >= minutes * MINUTE_MS, minutes
        assert seen.until_ms - seen.step_ms <= NOW < seen.until_ms, minutes


def test_a_span_is_exceeded_by_less_than_a_step() -> None:
    for minutes in EVERY_SPAN:
        seen = window(minutes, now_ms=NOW)
        assert (seen.steps - 1) * seen.step_ms < minutes * MINUTE_MS, minutes


@pytest.mark.parametrize(
    ("minutes", "step_s", "steps"),
    [
        (1, 30, 2),
        (2, 30, 4),
        (15, 30, 30),
        (16, 60, 16),
        (60, 120, 30),
        (61, 720, 6),
        (360, 720, 30),
        (361, 1440, 16),
        (1440, 2880, 30),
    ],
)
def test_steps_are_multiples_of_what_is_counted(minutes: int, step_s: int, steps: int) -> None:
    seen = window(minutes, now_ms=NOW)

    assert (seen.step_ms, seen.steps) == (step_s * 1000, steps)
    assert all(start % seen.step_ms == 0 for start in seen.starts_ms)


def test_a_task_that_ends_at_the_edge_of_a_step_is_in_the_new_step() -> None:
    edge = FINE.step_ms * 60_000_000

    assert window(15, now_ms=edge).starts_ms[-1] == edge
    assert window(15, now_ms=edge - 1).until_ms == edge


def test_an_answer_reads_few_hashes_however_far_it_looks_back() -> None:
    late = [NOW + quarter * 15 * MINUTE_MS for quarter in range(100)]

    assert max(len(window(m, now_ms=now).hashes) for m in EVERY_SPAN for now in late) <= 6


@pytest.mark.parametrize("grain", GRAINS)
def test_what_an_answer_reads_is_alive(grain: Grain) -> None:
    for minutes in EVERY_SPAN:
        seen = window(minutes, now_ms=NOW)
        if seen.grain is not grain:
            continue
        assert seen.starts_ms[0] + grain.kept_ms > NOW, minutes
        assert set(seen.hashes) <= set(grain.alive(NOW)), minutes


@pytest.mark.parametrize("grain", GRAINS)
def test_every_hash_that_can_exist_is_among_those_alive(grain: Grain) -> None:
    hash_ms = grain.step_ms * STEPS_EACH
    alive = grain.alive(NOW)

    assert (NOW - grain.kept_ms) // hash_ms in alive, "its last field was new just before it ended"
    assert NOW // hash_ms in alive
    assert len(alive) <= 9


def test_counts_of_several_hashes_and_functions_are_added_by_step_and_state() -> None:
    seen = Window(FINE, first=29, width=1, steps=3)
    hashes = [(0, {b"29C": b"2"}), (1, {b"0C": b"3", b"1F": b"1"}), (1, {b"0C": b"40"})]

    found = added(seen, hashes)

    assert found[COMPLETED] == [2, 43, 0]
    assert found[FAILED] == [0, 0, 1]


def test_a_wider_step_holds_all_of_its_parts() -> None:
    seen = Window(FINE, first=0, width=4, steps=2)

    found = added(seen, [(0, {b"0C": b"1", b"3C": b"1", b"4C": b"5", b"7C": b"5"})])

    assert found[COMPLETED] == [2, 10]


def test_steps_outside_of_the_window_are_left_out() -> None:
    seen = Window(FINE, first=10, width=2, steps=2)

    found = added(seen, [(0, {b"9C": b"1", b"10C": b"2", b"13C": b"4", b"14C": b"8"})])

    assert found[COMPLETED] == [2, 4]


@pytest.mark.parametrize("field", [b"", b"C", b"30C", b"1Z", b"-1C", b"0"])
def test_a_field_that_nobody_wrote_counts_nothing(field: bytes) -> None:
    found = added(Window(FINE, first=0, width=1, steps=30), [(0, {field: b"7", b"1C": b"x"})])

    assert sum(map(sum, found.values())) == 0


def test_every_end_has_a_letter_and_the_script_writes_the_same() -> None:
    written = dict(re.findall(r"([A-Z]+) = '([A-Z])'", LUA))

    assert set(LETTERS) == TERMINAL
    assert written == {str(state): letter for state, letter in LETTERS.items()}
    assert len(set(written.values())) == len(TERMINAL)


def test_the_script_counts_in_the_same_grains() -> None:
    written = re.findall(r"^  count\('(\w+)', (\d+), (\d+)\)", LUA, re.MULTILINE)

    assert [(name, int(step), int(kept)) for name, step, kept in written] == [
        (one.name, one.step_ms, one.kept_ms) for one in (FINE, COARSE)
    ]
    assert f"step / {STEPS_EACH})" in LUA
    assert f"step % {STEPS_EACH} " in LUA
