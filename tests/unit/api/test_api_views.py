"""Stored values as the JSON that the seed's clients read."""

from asynctaskflow.model.task import Attempt, Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import WorkerInfo
from asynctaskflow_api import confirmation, views

ID = TaskId("echo", "01890000-0000-7000-8000-000000000000")


def task(state: TaskState, **more) -> Task:
    return Task(ID, state, 1_000, 9_000, **more)


def test_times_are_utc_and_say_so():
    assert views.iso(1_700_000_000_123) == "2023-11-14T22:13:20.123+00:00"


def test_a_dead_letter_shows_its_errors_and_states_in_order():
    history = (
        Attempt(3_000, "failed", 1, "w", "timeout", "too slow", next_ms=4_000),
        Attempt(9_000, "failed", 2, "w", "timeout", "too slow again"),
    )
    shown = views.summary(
        task(TaskState.DLQ, failures=2, started_ms=5_000, error="too slow again", history=history),
        max_attempts=2,
    )

    assert [one["state"] for one in shown["state_history"]] == [
        "PENDING",
        "SCHEDULED",
        "ACTIVE",
        "DLQ",
    ]
    assert [one["state_transition"] for one in shown["error_history"]] == [
        "ACTIVE -> SCHEDULED",
        "ACTIVE -> DLQ",
    ]
    assert (shown["retry_count"], shown["max_retries"]) == (1, 1)
    assert shown["completed_at"] is None


def test_content_and_result_are_the_main_text_or_json():
    shown = views.detail(task(TaskState.COMPLETED), b'{"text":"in"}', b'{"n":1}', max_attempts=4)

    assert (shown["content"], shown["result"], shown["output"]) == ("in", '{"n":1}', {"n": 1})


def test_damaged_content_is_shown_as_it_is_instead_of_failing():
    shown = views.detail(task(TaskState.PENDING), b"{broken", b"", max_attempts=4)

    assert (shown["content"], shown["result"]) == ("{broken", None)


def test_a_worker_is_healthy_stale_or_gone():
    def status(state: str, age_ms: int) -> str:
        return views.worker_status(WorkerInfo("w", "f", state, age_ms, 1), stale_ms=1000)

    assert [status("running", 10), status("running", 2000), status("lost", 0)] == [
        "healthy",
        "stale",
        "no_heartbeat",
    ]


def test_a_confirmation_holds_for_its_subject_and_for_ten_minutes():
    token = str(confirmation.confirm(b"delete all", now_ms=1_000_000))

    assert confirmation.check(token, b"delete all", now_ms=1_600_000) == 1_000_000
    assert confirmation.check(token, b"delete all", now_ms=1_600_001) is None
    assert confirmation.check(token, b"delete more", now_ms=1_000_001) is None
    assert confirmation.check("f" + token, b"delete all", now_ms=1_000_001) is None
    assert confirmation.check("", b"delete all", now_ms=1) is None
