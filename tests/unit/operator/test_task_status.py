"""A Task's status says what Redis holds, with Redis' times, and is always one that the API server takes."""

from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynctaskflow.model.task import Attempt, Task, TaskId, TaskState
from asynctaskflow_operator.rules.task_intent import TaskSight, Verdict
from asynctaskflow_operator.rules.task_status import (
    INLINE_BYTES,
    moment,
    progress_delay_s,
    task_status,
    verdict_status,
    without_result,
)
from asynctaskflow_testkit.crds import crds, schema_of

ID = TaskId("echo", "0192f0c4-6ef7-7000-8000-000000000001")
SEEN = TaskSight("one", ID.uuid, 2, 1_000, "echo", str(ID), obeyed=1)
CREATED, STARTED, ENDED = 10_000, 11_000, 12_345


def task(state: TaskState, **fields: Any) -> Task:
    return Task(ID, state, created_ms=CREATED, updated_ms=ENDED, **fields)


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {
        one["type"]: (one["status"], one["reason"], one["lastTransitionTime"])
        for one in status["conditions"]
    }


def test_a_completed_task():
    done = task(
        TaskState.COMPLETED,
        started_ms=STARTED,
        finished_ms=ENDED,
        attempt=2,
        failures=1,
        worker="w-1",
        error="boom happened",
        error_class="boom",
        result_bytes=10,
        result_sha256="ab" * 32,
    )

    status = task_status(SEEN, done, b'{"a":null}')

    ended = "1970-01-01T00:00:12.345Z"
    assert conditions(status) == {
        "Succeeded": ("True", "Completed", ended),
        "Finished": ("True", "Completed", ended),
    }
    del status["conditions"]
    assert status == {
        "observedGeneration": 2,
        "taskId": str(ID),
        "state": "COMPLETED",
        "attempts": 2,
        "failures": 1,
        "redrives": 1,
        "worker": "w-1",
        "acceptedTime": "1970-01-01T00:00:10.000Z",
        "startedTime": "1970-01-01T00:00:11.000Z",
        "finishedTime": ended,
        "error": {"class": "boom", "message": "boom happened"},
        "resultBytes": 10,
        "resultSha256": "ab" * 32,
        "resultPath": f"/api/v1/tasks/{ID}/result",
        "result": {"a": None},
    }


def test_a_running_task_is_not_finished_since_it_was_accepted():
    status = task_status(SEEN, task(TaskState.ACTIVE, started_ms=STARTED))

    since = "1970-01-01T00:00:10.000Z"
    assert conditions(status) == {
        "Succeeded": ("Unknown", "Running", since),
        "Finished": ("False", "Running", since),
    }
    assert "finishedTime" not in status
    assert "reason" not in status


def test_a_task_that_runs_again_is_not_finished_since_then():
    again = task(TaskState.PENDING, history=(Attempt(11_500, "redriven", 1),))

    assert conditions(task_status(SEEN, again))["Finished"][2] == "1970-01-01T00:00:11.500Z"


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (task(TaskState.DLQ, error_class="timeout"), "timeout"),
        (task(TaskState.FAILED, error_class="expired"), "expired"),
        (task(TaskState.CANCELLED), "Cancelled"),
        (task(TaskState.PENDING, error_class="timeout"), None),
        (task(TaskState.SCHEDULED), None),
        (task(TaskState.SCHEDULED, error_class="boom", history=(Attempt(1, "failed", 1),)), "boom"),
        (
            task(
                TaskState.SCHEDULED, history=(Attempt(1, "handed_back", 1, message="breaker_open"),)
            ),
            "breaker_open",
        ),
        (
            task(TaskState.SCHEDULED, history=(Attempt(1, "handed_back", 1, message="a b c"),)),
            "HandedBack",
        ),
    ],
)
def test_the_reason_is_why_it_is_in_this_state(stored, reason):
    assert task_status(SEEN, stored).get("reason") == reason


def test_an_error_class_that_is_no_word_for_programs_is_not_a_conditions_reason():
    status = task_status(SEEN, task(TaskState.DLQ, error_class="404", finished_ms=ENDED))

    assert status["reason"] == "404"
    assert conditions(status)["Succeeded"][:2] == ("False", "DeadLettered")


def test_only_a_scheduled_task_says_when_it_is_due():
    due = task(TaskState.SCHEDULED, due_ms=60_000)

    assert task_status(SEEN, due)["nextAttemptTime"] == "1970-01-01T00:01:00.000Z"
    assert "nextAttemptTime" not in task_status(SEEN, replace(due, state=TaskState.ACTIVE))


@pytest.mark.parametrize(
    "result",
    [
        b"",
        b"{",
        b'"' + b"x" * INLINE_BYTES + b'"',
        b"[" * 2000 + b"]" * 2000,
        b"[" * 600 + b"]" * 600,
    ],
)
def test_a_result_that_is_too_long_or_damaged_is_left_where_it_is(result):
    status = task_status(SEEN, task(TaskState.COMPLETED, result_bytes=9), result)

    assert "result" not in status
    assert status["resultPath"]


@pytest.mark.parametrize("result", [b"null", b'""', b"0", b"false"])
def test_a_result_that_says_little_is_a_result(result):
    status = task_status(SEEN, task(TaskState.COMPLETED, result_bytes=len(result)), result)

    assert status["result"] == orjson.loads(result)


def test_a_status_can_do_without_its_result():
    status = task_status(SEEN, task(TaskState.COMPLETED), b"1")

    assert without_result(status) == {k: v for k, v in status.items() if k != "result"}


def test_a_task_that_waits_says_why_and_since_when_its_resource_is():
    verdict = Verdict(TaskState.PENDING, "FunctionNotFound", "waiting for a Function named echo")

    status = verdict_status(SEEN, verdict)

    assert conditions(status)["Finished"] == ("False", "FunctionNotFound", moment(1_000))
    assert status["error"]["message"] == verdict.message
    assert "finishedTime" not in status
    assert "acceptedTime" not in status


@pytest.mark.parametrize(
    ("verdict", "succeeded", "error"),
    [
        (Verdict(TaskState.FAILED, "InvalidInput", "spec: no", ENDED), "False", True),
        (Verdict(TaskState.CANCELLED, "Cancelled", "by wish", ENDED), "False", False),
        (Verdict(TaskState.COMPLETED, "Deleted", "gone", ENDED), "True", False),
    ],
)
def test_an_end_without_a_stored_task(verdict, succeeded, error):
    status = verdict_status(SEEN, verdict)

    assert conditions(status)["Succeeded"][0] == succeeded
    assert status["finishedTime"] == moment(ENDED)
    assert ("error" in status) is error


@pytest.mark.parametrize(
    ("shown", "state", "quiet_s", "delay_s"),
    [
        (None, TaskState.PENDING, 1e9, 10.0),
        (None, TaskState.ACTIVE, float("inf"), 1.0),
        (TaskState.PENDING, TaskState.ACTIVE, 100.0, 1.0),
        (TaskState.ACTIVE, TaskState.SCHEDULED, 4.0, 26.0),
        (TaskState.DLQ, TaskState.PENDING, 4.0, 1.0),
    ],
)
def test_what_may_pass_soon_is_not_written_at_once(shown, state, quiet_s, delay_s):
    seen = replace(SEEN, state=shown)

    assert progress_delay_s(seen, state, quiet_s=quiet_s) == delay_s


@pytest.mark.parametrize("ms", [0, -5, 10**20])
def test_a_time_that_is_none_is_left_out(ms):
    assert moment(ms) is None


MS = st.integers(0, 10**17)
TEXT = st.text(max_size=400) | st.just("x" * 3000)
TASKS = st.builds(
    Task,
    id=st.just(ID),
    state=st.sampled_from(TaskState),
    created_ms=MS,
    updated_ms=MS,
    started_ms=MS,
    finished_ms=MS,
    due_ms=MS,
    attempt=st.integers(0, 10**9),
    failures=st.integers(0, 10**9),
    worker=TEXT,
    error=TEXT,
    error_class=TEXT,
    result_bytes=st.integers(0, 10**9),
    result_sha256=st.just("ab" * 32),
    history=st.lists(
        st.builds(Attempt, MS, st.sampled_from(["redriven", "handed_back", "failed"]), st.just(1)),
        max_size=2,
    ).map(tuple),
)
VERDICTS = st.builds(
    Verdict,
    st.sampled_from(TaskState),
    st.sampled_from(["InvalidInput", "Deleted", "QueueFull"]),
    TEXT,
    MS,
)
VALIDATOR = jsonschema_rs.validator_for(schema_of(crds()["Task"])["properties"]["status"])


@settings(max_examples=200)
@given(task=TASKS, result=st.sampled_from([b"", b"null", b'{"a": [null]}', b"1e400"]))
def test_whatever_redis_holds_the_status_is_valid(task, result):
    VALIDATOR.validate(_as_sent(task_status(SEEN, task, result)))


@given(verdict=VERDICTS)
def test_whatever_the_verdict_the_status_is_valid(verdict):
    VALIDATOR.validate(_as_sent(verdict_status(SEEN, verdict)))


def _as_sent(status: dict[str, Any]) -> Any:
    return orjson.loads(orjson.dumps(status))
