"""What is to be done about a Task resource follows from what it says and what Redis says."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.model.function import FunctionSpec, QueueLimits, Timeouts
from asynctaskflow.model.task import Attempt, Task, TaskId, TaskState
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_operator.rules.task_intent import (
    Act,
    TaskSight,
    Verdict,
    act,
    fingerprint,
    named_task,
    needs_record,
    new_task,
    read_spec,
    sight,
    waiting,
)

UID = "0192f0c4-6ef7-4000-8000-000000000001"
ID = TaskId("echo", UID)
SEEN = TaskSight("one", UID, 1, 1_000, "echo", str(ID))
ECHO = FunctionSpec(handler="h:echo", timeouts=Timeouts(max_age_seconds=9))
NOW_S = 1_800_000_000.0

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
SPEC_FIELDS = st.sampled_from(
    ["function", "taskId", "redrives", "desiredState", "ttlSecondsAfterFinished"]
)
STATUS_FIELDS = st.sampled_from(["taskId", "state", "redrives", "finishedTime", "acceptedTime"])


def task(state: TaskState, **fields: Any) -> Task:
    return Task(ID, state, created_ms=2_000, updated_ms=3_000, **fields)


def shown(state: TaskState, **fields: Any) -> TaskSight:
    return replace(SEEN, state=state, accepted=True, **fields)


def redriven(at_ms: int) -> tuple[Attempt, ...]:
    return (Attempt(at_ms, "failed", 1), Attempt(at_ms, "redriven", 1))


@pytest.mark.parametrize(
    ("seen", "stored", "expected"),
    [
        (SEEN, None, Act.ACCEPT),
        (shown(TaskState.PENDING), None, Act.ACCEPT),
        (shown(TaskState.ACTIVE), task(TaskState.ACTIVE), Act.SHOW),
        (shown(TaskState.COMPLETED), None, Act.NOTHING),
        (shown(TaskState.COMPLETED), task(TaskState.COMPLETED), Act.SHOW),
        (replace(SEEN, mirrors=True), None, Act.LOST),
        (replace(SEEN, mirrors=True), task(TaskState.PENDING), Act.SHOW),
    ],
)
def test_a_resource_without_a_wish_is_accepted_or_shown(seen, stored, expected):
    assert act(seen, stored) is expected


@pytest.mark.parametrize(
    ("seen", "stored", "expected"),
    [
        (SEEN, None, Act.END_CANCELLED),
        (SEEN, task(TaskState.ACTIVE), Act.CANCEL),
        (SEEN, task(TaskState.COMPLETED), Act.SHOW),
        (replace(SEEN, mirrors=True), None, Act.LOST),
        (shown(TaskState.CANCELLED), None, Act.NOTHING),
    ],
)
def test_a_wish_to_cancel_ends_what_has_not_ended(seen, stored, expected):
    assert act(replace(seen, cancelled=True), stored) is expected


@pytest.mark.parametrize(
    ("seen", "stored", "expected"),
    [
        (shown(TaskState.DLQ, finished_ms=3_000), task(TaskState.DLQ), Act.REDRIVE),
        (shown(TaskState.FAILED, finished_ms=3_000), task(TaskState.FAILED), Act.REDRIVE),
        (
            shown(TaskState.DLQ, finished_ms=3_000),
            task(TaskState.DLQ, history=redriven(2_999)),
            Act.REDRIVE,
        ),
        (
            shown(TaskState.DLQ, finished_ms=3_000),
            task(TaskState.DLQ, history=redriven(3_001)),
            Act.SHOW,
        ),
        (shown(TaskState.DLQ, finished_ms=3_000), task(TaskState.PENDING), Act.SHOW),
        (shown(TaskState.ACTIVE), task(TaskState.ACTIVE), Act.SHOW),
        (shown(TaskState.ACTIVE), task(TaskState.DLQ), Act.REDRIVE),
        (shown(TaskState.COMPLETED), task(TaskState.COMPLETED), Act.SHOW),
        (shown(TaskState.FAILED), None, Act.ACCEPT),
        (shown(TaskState.FAILED, mirrors=True), None, Act.NOTHING),
        (shown(TaskState.PENDING), None, Act.ACCEPT),
        (SEEN, task(TaskState.DLQ), Act.SHOW),
    ],
)
def test_a_wish_to_run_again_is_obeyed_once_and_only_after_a_bad_end(seen, stored, expected):
    assert act(replace(seen, redrives=2, obeyed=1), stored) is expected


def test_a_wish_that_was_obeyed_is_none():
    seen = shown(TaskState.DLQ, redrives=1, obeyed=1)

    assert act(seen, task(TaskState.DLQ)) is Act.SHOW


def test_only_a_new_task_is_enqueued_without_a_look():
    assert not needs_record(SEEN)
    assert needs_record(shown(TaskState.PENDING))
    assert needs_record(replace(SEEN, cancelled=True))
    assert needs_record(replace(SEEN, mirrors=True))


DEAD: dict[str, Any] = {
    "metadata": {
        "name": "one",
        "uid": UID,
        "generation": 3,
        "creationTimestamp": "1970-01-01T00:00:01Z",
    },
    "spec": {
        "function": "echo",
        "input": {},
        "desiredState": "Cancelled",
        "redrives": 2,
        "ttlSecondsAfterFinished": 5,
    },
    "status": {
        "taskId": f"echo-{UID}",
        "state": "DLQ",
        "acceptedTime": "1970-01-01T00:00:02.000Z",
        "finishedTime": "1970-01-01T00:00:03.500Z",
        "redrives": 1,
    },
}


def test_a_resource_is_read_from_its_body():
    seen = sight(DEAD)

    assert replace(seen, print=b"") == TaskSight(
        name="one",
        uid=UID,
        generation=3,
        created_ms=1_000,
        function="echo",
        task_id=f"echo-{UID}",
        cancelled=True,
        redrives=2,
        ttl_s=5.0,
        state=TaskState.DLQ,
        accepted=True,
        finished_ms=3_500,
        obeyed=1,
    )
    assert seen.ended
    assert seen.print == fingerprint(DEAD["status"])


def test_a_resource_that_names_a_task_shows_that_one():
    spec = {"function": "echo", "taskId": f"echo-{UID}"}
    seen = sight({"metadata": {"name": "x", "uid": "another"}, "spec": spec})

    assert (seen.mirrors, named_task(seen)) == (True, ID)


def test_a_status_that_the_api_server_filled_in_says_nothing():
    seen = SEEN.at({"state": "PENDING"})

    assert seen.state is None
    assert not needs_record(seen)


@given(
    spec=JSON | st.dictionaries(SPEC_FIELDS, JSON),
    status=JSON | st.dictionaries(STATUS_FIELDS, JSON),
)
def test_no_body_is_too_odd_to_be_read(spec, status):
    seen = sight({"metadata": {"name": "one", "uid": UID}, "spec": spec, "status": status})

    assert (seen.name, seen.uid) == ("one", UID)


def test_what_was_obeyed_stays_obeyed_whatever_an_older_status_says():
    assert replace(SEEN, obeyed=2).at({"redrives": 1}).obeyed == 2


def test_a_status_that_the_api_server_wrote_differently_is_the_same():
    ours = {"result": {"b": 1.0, "a": [2.5, {"x": 3.0}]}}
    theirs = {"result": {"a": [2.5, {"x": 3}], "b": 1}}

    assert fingerprint(ours) == fingerprint(theirs)
    assert fingerprint(ours) != fingerprint({"result": {"b": 1}})
    assert fingerprint({"a": 1e300}) != fingerprint({"a": 1e301})


def test_what_cannot_be_written_as_json_has_a_fingerprint_too():
    deep: list = []
    for _ in range(2000):
        deep = [deep]

    for odd in ("\ud800", 10**40, deep):
        assert len(fingerprint({"a": odd})) == 8


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"function": "echo"}, "spec: Value error, expected exactly one of"),
        ({"function": "echo", "input": {}, "priority": 1}, "spec.priority: "),
        ({"function": "Echo!", "input": {}}, "spec.function: "),
    ],
)
def test_a_spec_that_is_wrong_says_where(spec, message):
    verdict = read_spec(spec)

    assert isinstance(verdict, Verdict)
    assert (verdict.state, verdict.reason) == (TaskState.FAILED, "InvalidInput")
    assert verdict.message.startswith(message)


@pytest.mark.parametrize(
    ("task_id", "message"),
    [("nonsense", "expected <function>-<uuid>"), (f"other-{UID}", "another function's name")],
)
def test_a_task_id_that_cannot_be_is_refused(task_id, message):
    verdict = named_task(replace(SEEN, task_id=task_id))

    assert isinstance(verdict, Verdict)
    assert message in verdict.message


def test_a_new_task_has_the_resources_uid_and_the_functions_limits():
    spec = TaskSpec(function="echo", input={"b": None, "a": 1})

    assert new_task(SEEN, spec, ECHO, now_s=NOW_S) == NewTask(
        "echo", b'{"a":1,"b":null}', uuid=UID, max_age_s=9, resource=SEEN.name
    )


def test_a_tasks_own_options_come_before_the_functions():
    spec = TaskSpec(
        function="echo",
        input_ref="redis:echo/x",
        max_attempts=3,
        max_age_seconds=7,
        start_after=datetime.fromtimestamp(NOW_S + 60, UTC),
    )

    assert new_task(SEEN, spec, ECHO, now_s=NOW_S) == NewTask(
        "echo",
        b"",
        input_ref="redis:echo/x",
        uuid=UID,
        delay_s=60,
        max_age_s=7,
        max_attempts=3,
        resource=SEEN.name,
    )


@pytest.mark.parametrize("ago_s", [0, 1_000_000])
def test_a_start_that_has_passed_is_now(ago_s):
    start = datetime.fromtimestamp(NOW_S - ago_s, UTC).replace(tzinfo=None)
    spec = TaskSpec(function="echo", input={}, start_after=start)

    new = new_task(SEEN, spec, ECHO, now_s=NOW_S)

    assert isinstance(new, NewTask)
    assert new.delay_s == 0


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        ({"input": {"a": "long"}}, "InputTooLarge", "spec.input: 12 bytes; echo takes 4 inline"),
        ({"input": {"a": "\ud800"}}, "InvalidInput", "spec.input: "),
        (
            {"input_ref": "redis:echo/x", "start_after": datetime(2999, 1, 1, tzinfo=UTC)},
            "InvalidInput",
            "spec.startAfter: more than a year away",
        ),
    ],
)
def test_what_the_function_does_not_take_is_refused(spec, reason, message):
    tight = FunctionSpec(handler="h:echo", queue=QueueLimits(input_max_bytes=4))

    verdict = new_task(SEEN, TaskSpec(function="echo", **spec), tight, now_s=NOW_S)

    assert isinstance(verdict, Verdict)
    assert verdict.reason == reason
    assert verdict.message.startswith(message)


def test_what_is_waited_for_is_pending():
    assert waiting("QueueFull", "x" * 2000) == Verdict(TaskState.PENDING, "QueueFull", "x" * 1024)


def test_an_input_is_written_the_same_whatever_the_order_of_its_fields():
    one = TaskSpec(function="echo", input={"a": 1, "b": {"d": 1, "c": 2}})
    two = TaskSpec(function="echo", input={"b": {"c": 2, "d": 1}, "a": 1})

    first, second = (new_task(SEEN, spec, ECHO, now_s=NOW_S) for spec in (one, two))

    assert first == second
    assert isinstance(first, NewTask)
    assert orjson.loads(first.input) == one.input
