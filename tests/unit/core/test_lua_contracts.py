"""Each Lua script says what it is: purpose, arguments, answers and the invariant that it keeps."""

import re
from importlib.resources import files
from typing import get_args

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.task import TRANSITIONS, TaskState
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.messages import EventKind

FOLDER = files("asynctaskflow.taskqueue") / "lua"
SCRIPTS = {
    part.name.removesuffix(".lua"): part.read_text()
    for part in FOLDER.iterdir()
    if part.name.endswith(".lua")
}
PRELUDE = "".join(part.read_text() for part in (FOLDER / "prelude").iterdir())


def header(source: str) -> str:
    """The comment that a script opens with, after a shebang."""
    lines = source.splitlines()
    start = 1 if source.startswith("#!") else 0
    comment = []
    for line in lines[start:]:
        if not line.startswith("--"):
            break
        comment.append(line.removeprefix("--").strip())
    return "\n".join(comment)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_opens_with_its_contract(name: str) -> None:
    text = header(SCRIPTS[name])

    assert text.startswith(f"{name}: ")
    for part in ("ARGV", "Returns: ", "Invariant: "):
        assert part in text


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_returns_only_codes_that_its_header_and_the_enum_know(name: str) -> None:
    body = SCRIPTS[name].replace(header(SCRIPTS[name]), "")
    used = {code for code in Code.__members__ if re.search(rf"(?<!')\b{code}\b(?!')", body)}

    assert all(code in header(SCRIPTS[name]) for code in used)


def test_the_prelude_gives_each_code_the_number_of_the_enum() -> None:
    found: dict[str, int] = {}
    for names, numbers in re.findall(r"^local ([A-Z, ]+) = ([-\d, ]+)$", PRELUDE, re.MULTILINE):
        found |= dict(zip(names.split(", "), map(int, numbers.split(", ")), strict=True))

    assert {name: found[name] for name in Code.__members__} == {
        name: code.value for name, code in Code.__members__.items()
    }


def test_the_prelude_names_each_function_key_in_order() -> None:
    names = re.search(r"local (EVENTS[^=]*?) = unpack\(KEYS, 1, (\d+)\)", PRELUDE)
    indexes = dict(re.findall(r"([A-Z]+) = KEYS\[(\d+)\]", PRELUDE))

    assert names is not None
    shared = names.group(1).split(", ")
    assert len(shared) == int(names.group(2))
    built = keys.function_keys("echo")
    assert built[0] == keys.events("echo")
    assert built[len(shared) - 1] == keys.claims("echo")
    assert {built[int(place) - 1] for place in indexes.values()} == {
        keys.state_index("echo", state) for state in TaskState
    }
    assert all(
        built[int(indexes[state]) - 1] == keys.state_index("echo", state) for state in TaskState
    )


def test_the_scripts_move_tasks_along_legal_transitions_only() -> None:
    written = re.findall(
        r"'(PENDING|ACTIVE|SCHEDULED)', '([A-Z]+)'", "".join(SCRIPTS.values()) + PRELUDE
    )
    moves = {(old, new) for old, new in written if new in TaskState.__members__ and old != new}

    assert moves
    assert all(TaskState(new) in TRANSITIONS[TaskState(old)] for old, new in moves)


def test_every_kind_of_event_that_a_script_tells_can_be_asked_for() -> None:
    told = re.findall(
        r"(?:(?:emit|line)\((?:uuid|'-'), |event = )'([a-z_]+)'",
        "".join(SCRIPTS.values()) + PRELUDE,
    )

    assert {"claimed", "failed", "expired"} <= set(told)
    assert set(told) <= set(get_args(EventKind))
