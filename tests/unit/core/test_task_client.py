"""What the blocking client refuses before it sends anything, and how a task is packed and its answer read."""

import orjson
import pytest

import asynctaskflow
from asynctaskflow.client import TaskClient
from asynctaskflow.errors import IdempotencyConflict, QueueFull, QueueUnavailable
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.store.lane import Call
from asynctaskflow.taskqueue import submission
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.durability import Durability
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.messages import Accepted, NewTask

NOBODY = "redis://127.0.0.1:1/0"
UUID = "01890000-0000-7000-8000-00000000000a"
OTHER = "01890000-0000-7000-8000-00000000000b"
SHARED = len(function_keys("echo"))


@pytest.fixture
def client():
    with TaskClient(NOBODY, timeout_s=0.2) as opened:
        yield opened


def packed(*new: NewTask) -> Call:
    return submission.call("echo", [submission.named(one) for one in new], idempotency_ms=1000)


def outcome(new: NewTask, reply: submission.Reply) -> submission.Outcome:
    return submission.outcomes("echo", [submission.named(new)], [reply])[0]


def test_the_client_is_public():
    assert asynctaskflow.TaskClient is TaskClient


@pytest.mark.parametrize("name", ["", "Echo", "a}b", "x" * 41, "a:b"])
def test_a_bad_function_name_never_becomes_a_key(client, name):
    with pytest.raises(ValueError, match="bad name"):
        client.enqueue(name, {})
    with pytest.raises(ValueError, match="bad name"):
        client.enqueue_many(name, [{}])


def test_an_input_that_json_cannot_say_is_refused(client):
    with pytest.raises(TypeError):
        client.enqueue("echo", {1, 2})
    with pytest.raises(TypeError):
        client.enqueue_many("echo", [1, {1, 2}])


def test_a_uuid_that_is_none_is_refused(client):
    with pytest.raises(ValueError, match="canonical"):
        client.enqueue("echo", {}, uuid="01890000")


def test_an_endless_idempotency_key_is_refused(client):
    with pytest.raises(ValueError, match="255"):
        client.enqueue("echo", {}, idempotency_key="k" * 256)


@pytest.mark.parametrize("call", ["get", "result", "cancel"])
def test_what_is_no_task_id_is_refused(client, call):
    with pytest.raises(ValueError, match="task id"):
        getattr(client, call)("echo")


def test_nobody_who_listens_is_one_clear_error(client):
    with pytest.raises(QueueUnavailable):
        client.enqueue("echo", {})
    with pytest.raises(QueueUnavailable):
        client.get(TaskId("echo", UUID))
    assert [type(one) for one in client.enqueue_many("echo", [1, 2])] == [QueueUnavailable] * 2


def test_an_ordinary_task_is_one_key_and_three_words():
    call = packed(NewTask("echo", b"1", uuid=UUID))

    assert list(call.keys[SHARED:]) == [keys.task("echo", UUID)]
    assert call.args[0] == 1000
    assert call.args[1] == b"1"
    assert call.args[3] == b""
    assert len(call.args) == 4


def test_idempotency_keys_stand_behind_the_tasks():
    call = packed(
        NewTask("echo", b"1", uuid=UUID),
        NewTask("echo", b"2", uuid=OTHER, idempotency_key="k"),
    )

    assert list(call.keys[SHARED : SHARED + 2]) == [keys.task("echo", one) for one in (UUID, OTHER)]
    assert len(call.keys) == SHARED + 3
    assert str(call.keys[-1]).startswith("idempotency:{echo}:")


def test_options_carry_what_is_set_and_milliseconds():
    new = NewTask("echo", b"1", delay_s=0.5, max_age_s=2.0, max_attempts=3, traceparent="00-a")
    options = packed(new).args[3]

    assert isinstance(options, bytes)
    assert orjson.loads(options) == {
        "delay": 500,
        "max_age": 2000,
        "keyed": False,
        "fields": ["max_attempts", "3", "traceparent", "00-a"],
    }


@pytest.mark.parametrize(
    "new",
    [
        NewTask("echo", delay_s=1),
        NewTask("echo", max_age_s=1),
        NewTask("echo", max_attempts=1),
        NewTask("echo", idempotency_key="k"),
        NewTask("echo", traceparent="t"),
        NewTask("echo", input_ref="r"),
    ],
    ids=["delay", "max age", "attempts", "key", "trace", "reference"],
)
def test_each_option_alone_is_sent(new):
    assert packed(new).args[3] != b""


def test_a_task_without_input_is_known_by_its_reference():
    by_reference = packed(NewTask("echo", b"", input_ref="redis:echo/a"))
    other = packed(NewTask("echo", b"", input_ref="redis:echo/b"))

    assert by_reference.args[2] != other.args[2]


def test_the_short_answer_is_a_new_task_that_waits():
    found = outcome(NewTask("echo", uuid=UUID), Code.CREATED)

    assert found == Accepted(TaskId("echo", UUID), TaskState.PENDING, created=True)


def test_a_task_found_under_its_own_uuid_is_the_first_copy_of_the_call():
    reply = (Code.REPLAYED, UUID.encode(), b"ACTIVE")

    assert outcome(NewTask("echo", uuid=UUID), reply) == Accepted(
        TaskId("echo", UUID), TaskState.ACTIVE, created=True
    )


def test_a_task_found_by_its_key_is_not_new():
    reply = (Code.REPLAYED, OTHER.encode(), b"COMPLETED")

    assert outcome(NewTask("echo", uuid=UUID, idempotency_key="k"), reply) == Accepted(
        TaskId("echo", OTHER), TaskState.COMPLETED, created=False
    )


@pytest.mark.parametrize(
    ("code", "error"), [(Code.CONFLICT, IdempotencyConflict), (Code.FULL, QueueFull)]
)
def test_a_refusal_is_an_error_as_value(code, error):
    assert isinstance(outcome(NewTask("echo", uuid=UUID), (code, UUID.encode(), b"")), error)


def test_a_confirmation_counts_replicas_in_memory_and_on_disk():
    strict = Durability.strict(fsync=True)

    assert [words[0] for words in strict.confirmations()] == ["WAIT", "WAITAOF"]
    assert strict.confirmed(["reply", 1, [1, 1]]) == "reply"
    for waits in ([0, [1, 1]], [1, [1, 0]]):
        with pytest.raises(QueueUnavailable, match="unknown"):
            strict.confirmed(["reply", *waits])


def test_standard_durability_waits_for_nobody():
    assert Durability.standard().confirmations() == []
    assert Durability.standard().confirmed(["reply"]) == "reply"
