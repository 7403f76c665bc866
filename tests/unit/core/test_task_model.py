"""What a task id is, and which transitions are legal."""

import pytest

from asynctaskflow.model.task import TERMINAL, TRANSITIONS, TaskId, TaskState

UUID = "01890000-0000-7000-8000-00000000000a"


def test_a_task_id_survives_a_round_trip() -> None:
    task_id = TaskId("pdf-extract-2", UUID)

    assert TaskId.parse(str(task_id)) == task_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "task id"),
        (UUID, "task id"),
        (f"echo_{UUID}", "task id"),
        (f"echo-{UUID.upper()}", "task id"),
        (f"echo-{UUID[:-1]}g", "task id"),
        (f"-{UUID}", "function name"),
        (f"Echo-{UUID}", "function name"),
        (f"echo:*-{UUID}", "function name"),
        (f"echo}}-{UUID}", "function name"),
        (f"{'e' * 41}-{UUID}", "function name"),
        (f"echo\0-{UUID}", "function name"),
    ],
    ids=[
        "empty",
        "no function",
        "wrong separator",
        "upper case",
        "not hexadecimal",
        "empty function",
        "capital",
        "glob",
        "brace",
        "too long",
        "NUL",
    ],
)
def test_a_bad_task_id_is_refused_with_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        TaskId.parse(text)


def test_a_task_id_is_a_valid_resource_name() -> None:
    assert len(str(TaskId("f" * 40, UUID))) <= 253


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_terminal_states_are_left_by_redrive_only(state: TaskState) -> None:
    assert TRANSITIONS[state] <= {TaskState.PENDING}


def test_every_state_has_a_row_in_the_transition_table() -> None:
    assert set(TRANSITIONS) == set(TaskState)


def test_a_completed_or_cancelled_task_never_changes_again() -> None:
    assert not TRANSITIONS[TaskState.COMPLETED]
    assert not TRANSITIONS[TaskState.CANCELLED]
