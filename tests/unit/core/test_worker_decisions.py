"""What the worker decides from values alone: settlements, claims, pauses, manifests."""

from typing import Any

import pytest
from pydantic import BaseModel

from asynctaskflow import InputRejected, NotNow, Permanent, Retryable, function
from asynctaskflow.errors import LeaseLost
from asynctaskflow.model.function import FunctionSpec, RetryPolicy
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.resilience.error_class import error_class_of
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.taskqueue.messages import Claimed, Fail, HandBack
from asynctaskflow.worker import frames, settle
from asynctaskflow.worker.claim import Room, wanted
from asynctaskflow.worker.execution import Cause, Execution
from asynctaskflow.worker.gate import Gate
from asynctaskflow.worker.last_chance import LastChance
from asynctaskflow.worker.manifest import BadManifest, effective, read_manifest

TASK_ID = TaskId("f", "00000000-0000-7000-8000-000000000001")
POLICY = RetryPolicy(max_attempts=3, initial_seconds=2, factor=2, max_seconds=60)


def claimed(*, failures: int = 0, max_attempts: int = 0, deliveries: int = 1) -> Claimed:
    return Claimed(TASK_ID, "lease", 1, failures, deliveries, max_attempts, 0, b"{}", "", "")


def raised(error: BaseException, **facts: int):
    return settle.raised(claimed(**facts), error, POLICY, roll=0.5)


class TooManyHTTPErrors(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (ZeroDivisionError(), "zero_division_error"),
        (TooManyHTTPErrors(), "too_many_http_errors"),
        (TimeoutError(), "timeout"),
        (type("Ärger", (Exception,), {})(), "rger"),
        (type("É", (Exception,), {})(), "error"),
        (type("X" * 90, (Exception,), {})(), "x" * 40),
    ],
)
def test_any_exception_has_a_class_slug_from_its_name(error, slug):
    assert error_class_of(error) == slug


def test_a_bug_is_tried_again_and_says_what_it_was():
    settlement = raised(KeyError("page"))

    assert settlement == Fail(
        TASK_ID, "lease", TaskState.SCHEDULED, "key_error", "KeyError: 'page'", 1000
    )


def test_the_delay_that_an_error_asks_for_is_a_minimum():
    settlement = raised(Retryable("slow down", delay_s=30, error_class="flaky"))

    assert isinstance(settlement, Fail)
    assert settlement.delay_ms == 31_000


def test_the_last_allowed_failure_goes_to_the_dead_letter_queue():
    assert raised(KeyError(), failures=2).to is TaskState.DLQ
    assert raised(KeyError(), failures=2, max_attempts=9).to is TaskState.SCHEDULED


def test_a_permanent_error_is_dead_lettered_and_a_refused_input_fails():
    assert raised(Permanent("no")).to is TaskState.DLQ
    assert raised(InputRejected("no")).to is TaskState.FAILED


def test_not_now_hands_the_task_back_with_its_delay():
    settlement = raised(NotNow("later", reason="breaker_open", delay_s=1.5))

    assert settlement == HandBack(TASK_ID, "lease", "breaker_open", 1500)


def test_nothing_is_written_after_a_lost_lease():
    assert raised(LeaseLost()) is None
    assert settle.interrupted(claimed(), Cause.LEASE_LOST, POLICY, timeout_s=1, roll=0) is None


def test_an_interrupted_attempt_is_a_timeout_or_goes_back():
    late = settle.interrupted(claimed(), Cause.TIMEOUT, POLICY, timeout_s=2.5, roll=0)
    back = settle.interrupted(claimed(), Cause.DRAINING, POLICY, timeout_s=2.5, roll=0)

    assert isinstance(late, Fail)
    assert (late.error_class, late.message) == ("timeout", "not done within 2.5 s")
    assert back == HandBack(TASK_ID, "lease", "draining")


def test_a_long_message_is_cut():
    assert len(raised(Permanent("x" * 5000)).message) == 1024


@pytest.mark.parametrize("delay_s", [float("inf"), float("nan"), -5.0, 1e300])
def test_an_absurd_delay_is_bounded(delay_s):
    back = raised(NotNow("later", reason="x", delay_s=delay_s))
    again = raised(Retryable("later", delay_s=delay_s))

    assert 0 <= back.delay_ms <= 604_800_000
    assert 0 <= again.delay_ms <= 604_800_000


def test_what_a_handler_says_is_made_storable():
    settlement = raised(Permanent("bad name \udcff", error_class="Not: a\nslug!"))

    assert settlement.message == r"bad name \udcff"
    assert settlement.error_class == "not_a_slug"
    assert raised(NotNow("later", reason="a:b", delay_s=0)).reason == "a_b"


def room(**changes: object) -> Room:
    facts: dict = {"slots": 4, "occupied": 0, "hungry": True, "stopping": False, **changes}
    return Room(**facts)


@pytest.mark.parametrize(
    ("facts", "number"),
    [
        (room(), 4),
        (room(occupied=3), 1),
        (room(occupied=4), 0),
        (room(hungry=False), 0),
        (room(stopping=True), 0),
        (room(left=2), 2),
        (room(left=-1), 0),
        (room(slots=32), 16),
        (room(slots=32, occupied=30), 2),
    ],
)
def test_a_claim_asks_for_what_fits_and_for_half_of_many_slots(facts, number):
    assert wanted(facts) == number


def test_the_gate_pauses_claims_then_lets_one_task_try():
    gate = Gate(max_s=5)

    gate.close(now_s=10, delay_s=2)

    assert gate.allowed(4, now_s=11.9) == 0
    assert gate.opens_s(now_s=11) == 1
    assert gate.allowed(4, now_s=12) == 1
    gate.claimed()
    assert gate.allowed(3, now_s=12) == 0
    gate.passed()
    assert gate.allowed(4, now_s=12) == 4


def test_the_gate_never_pauses_longer_than_its_bound_and_not_for_nothing():
    gate = Gate(max_s=5)

    gate.close(now_s=0, delay_s=0)
    assert gate.allowed(4, now_s=0) == 4

    gate.close(now_s=0, delay_s=600)
    assert gate.allowed(4, now_s=5) == 1


def execution(deliveries: int) -> Execution:
    return Execution(claimed(deliveries=deliveries), lease_until_s=0)


def test_one_task_on_its_last_chance_at_a_time():
    last, fresh, suspect = LastChance(max_deliveries=3), execution(2), execution(3)

    last.began(fresh)
    assert last.free
    last.began(suspect)
    free = [last.free, last.ended(fresh), last.free, last.ended(suspect), last.free]

    assert free == [False, False, False, True, True]


def test_with_one_delivery_allowed_every_task_may_run_beside_others():
    last = LastChance(max_deliveries=1)

    last.began(execution(1))

    assert last.free


def test_the_environment_wins_over_the_manifest():
    spec = FunctionSpec(handler="m:f")
    settings = WorkerSettings(slots=9, lease_s=2, max_attempts=1, backoff_cap_s=3)

    laid = effective(spec, settings)

    assert laid.concurrency.slots_per_worker == 9
    assert laid.timeouts.lease_seconds == 2
    assert (laid.retry.max_attempts, laid.retry.max_seconds) == (1, 3)
    assert laid.timeouts.attempt_seconds == spec.timeouts.attempt_seconds


def test_settings_come_from_the_environment_and_hide_the_redis_password(monkeypatch):
    monkeypatch.setenv("ATF_REDIS_URL", "redis://:hunter2@server:6379/0")
    monkeypatch.setenv("ATF_GRACE_S", "7")
    monkeypatch.setenv("FAULTPOINT", "after_claim=exit")

    settings = WorkerSettings()

    assert settings.grace_s == 7
    assert settings.faultpoint == "after_claim=exit"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "text", ["kind: [", "kind: Function", "42"], ids=["not yaml", "incomplete", "not a mapping"]
)
def test_a_bad_manifest_is_named(tmp_path, text):
    path = tmp_path / "function.yaml"
    path.write_text(text)

    with pytest.raises(BadManifest, match=r"function\.yaml: "):
        read_manifest(path)


class Given(BaseModel):
    pages: list[int]


class Result(BaseModel):
    total: int


@function(name="adds", input=Given, output=Result, dependencies=["upstream"])
async def adds(task: Given, ctx) -> Result:
    return Result(total=sum(task.pages))


@function(name="plain")
def plain(task, ctx):
    return task


async def test_a_definition_is_called_like_the_plain_function():
    assert await adds(Given(pages=[1, 2]), None) == Result(total=3)
    assert plain({"a": 1}, None) == {"a": 1}


def test_a_definition_describes_itself():
    described = adds.describe()

    assert described["inputSchema"]["properties"]["pages"]["type"] == "array"
    assert described["outputSchema"]["required"] == ["total"]
    assert (described["async"], described["dependencies"]) == (True, ["upstream"])
    assert plain.describe()["inputSchema"] == {}


def test_a_refused_input_names_its_fields_and_not_its_values():
    with pytest.raises(InputRejected) as caught:
        adds.parse(b'{"pages": [1, "s3cret"]}')

    assert "pages.1: Input should be a valid integer" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_many_refused_fields_are_summed_up():
    with pytest.raises(InputRejected, match="and 15 more"):
        adds.parse(b'{"pages": [' + b",".join([b'"x"'] * 20) + b"]}")


@pytest.mark.parametrize("definition", [adds, plain], ids=["model", "no model"])
def test_an_input_that_is_not_json_is_corrupt(definition):
    with pytest.raises(Permanent) as caught:
        definition.parse(b'{"pages": ')

    assert caught.value.error_class == "corrupt"


@pytest.mark.parametrize(
    ("definition", "value"),
    [(adds, {"total": "many"}), (adds, None), (plain, object()), (plain, b"bytes")],
)
def test_an_output_that_cannot_be_kept_is_a_permanent_error(definition, value):
    with pytest.raises(Permanent) as caught:
        definition.serialise(value)

    assert caught.value.error_class == "output_rejected"


def test_an_output_may_be_the_model_or_its_fields():
    assert adds.serialise(Result(total=3)) == adds.serialise({"total": 3}) == b'{"total":3}'


@pytest.mark.parametrize("name", ["Upper", "under_score", "", "x" * 41, "-a", "a-"])
def test_a_function_needs_a_name_that_kubernetes_takes(name):
    with pytest.raises(ValueError, match="function name"):
        function(name=name)


@pytest.mark.parametrize("edge", ["input", "output"])
def test_a_function_refuses_an_edge_that_is_no_model(edge):
    given: dict[str, Any] = {edge: str}
    with pytest.raises(TypeError, match=f"{edge}: expected a pydantic model, got <class 'str'>"):
        function(name="greet", **given)


@pytest.mark.parametrize(
    "error",
    [
        Retryable("again", delay_s=3, error_class="flaky", provider_fault=True),
        Permanent("never", error_class="broken"),
        InputRejected("bad page"),
        NotNow("later", reason="breaker_open", delay_s=4),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_the_border_of_a_child_process_unchanged(error):
    told = frames.read_error(frames.error_body(error, "unused"))

    assert type(told) is type(error)
    assert str(told) == str(error)
    assert vars(told) == vars(error)


def test_a_foreign_error_crosses_with_its_name():
    told = frames.read_error(frames.error_body(KeyError("x"), "key_error"))

    assert isinstance(told, Retryable)
    assert (told.error_class, str(told)) == ("key_error", "KeyError: 'x'")


def test_a_task_crosses_the_border_with_its_input_untouched():
    body = frames.task_body(claimed(), b'{"n": 1.50, "s": "\\u00e9"}', remaining_s=2.5)

    task, given, remaining_s = frames.read_task(body)

    assert (task.id, task.attempt, remaining_s) == (TASK_ID, 1, 2.5)
    assert given == '{"n":1.5,"s":"é"}'.encode()
