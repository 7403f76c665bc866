"""Which REST tasks become resources, and what is said about those that do not."""

import pytest

from asynctaskflow.model.function import Visibility
from asynctaskflow.model.task import TaskState
from asynctaskflow_operator.rules.visibility import (
    Room,
    Shortage,
    Showing,
    explanation,
    is_from_rest,
    shortage,
    showing,
)

NOW, LASTS, NOT = Showing.NOW, Showing.IF_IT_LASTS, Showing.NEVER_MIND
EXPECTED = {
    Visibility.ALWAYS: {"new": NOW, "ACTIVE": NOW, "DLQ": NOW, "FAILED": NOW, "COMPLETED": NOT},
    Visibility.AUTO: {"new": NOT, "ACTIVE": LASTS, "SCHEDULED": LASTS, "DLQ": NOW, "FAILED": NOW},
    Visibility.ON_FAILURE: {"new": NOT, "ACTIVE": NOT, "DLQ": NOW, "FAILED": NOW},
    Visibility.NEVER: {"new": NOT, "ACTIVE": NOT, "DLQ": NOT, "FAILED": NOT},
}
CASES = [(mode, what, then) for mode, row in EXPECTED.items() for what, then in row.items()]


@pytest.mark.parametrize(("visibility", "what", "expected"), CASES)
def test_a_mode_shows_what_it_says(visibility, what, expected):
    state = TaskState.PENDING if what == "new" else TaskState(what)

    assert showing(visibility, state, new=what == "new") is expected


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("state", [TaskState.COMPLETED, TaskState.CANCELLED])
def test_a_good_or_wished_end_alone_shows_nothing(visibility, state):
    assert showing(visibility, state, new=False) is NOT


@pytest.mark.parametrize(
    ("visibility", "room", "expected"),
    [
        (Visibility.AUTO, Room(0.51, 9, 10), None),
        (Visibility.AUTO, Room(0.5, 9, 10), Shortage.BUDGET),
        (Visibility.ALWAYS, Room(0.0, 9, 10), None),
        (Visibility.ALWAYS, Room(1.0, 10, 10), Shortage.RESOURCES),
        (Visibility.ON_FAILURE, Room(1.0, 11, 10), Shortage.RESOURCES),
    ],
)
def test_the_number_of_resources_binds_all_and_the_budget_binds_auto(visibility, room, expected):
    assert shortage(visibility, room) is expected


@pytest.mark.parametrize(
    ("uuid", "expected"),
    [
        ("0192f0c4-6ef7-7000-8000-000000000001", True),
        ("0192f0c4-6ef7-4000-8000-000000000001", False),
        ("0192f0c4-6ef7-7000-8000-00000000000/", False),
        ("", False),
    ],
)
def test_a_task_over_rest_is_known_by_its_id(uuid, expected):
    assert is_from_rest(uuid) is expected


def test_nothing_is_said_while_all_are_shown():
    assert explanation(0, None) == ""
    assert explanation(0, Shortage.BUDGET) == ""
    assert explanation(3, None) == ""


@pytest.mark.parametrize(
    ("short", "words"),
    [
        (Shortage.BUDGET, "the budget of API writes was short"),
        (Shortage.RESOURCES, "as many Task resources as allowed existed"),
    ],
)
def test_what_is_missing_is_counted_and_explained(short, words):
    assert explanation(3, short) == f"3 tasks got no resource: {words}; REST shows every task"
