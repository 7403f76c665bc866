"""Values for tests: everything has a default, a test names only what it is about."""

from collections.abc import Mapping
from typing import Any

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask

A_UUID = "01900000-0000-7000-8000-000000000001"
NOON_MS = 1_750_000_000_000


def a_task(function: str = "echo", *, uuid: str = A_UUID, **fields: Any) -> Task:
    """A stored task: PENDING since ``NOON_MS`` unless said otherwise."""
    defaults: dict[str, Any] = {
        "state": TaskState.PENDING,
        "created_ms": NOON_MS,
        "updated_ms": NOON_MS,
    }
    return Task(id=TaskId(function, uuid), **(defaults | fields))


def a_new_task(function: str = "echo", *, input: bytes = b"{}", **fields: Any) -> NewTask:  # noqa: A002 - the field's name
    """A task to enqueue."""
    return NewTask(function=function, input=input, **fields)


def a_function(**parts: Mapping[str, Any] | Any) -> FunctionSpec:
    """A function's spec with the chaos suite's small times; parts are merged over it, names as in Python."""
    defaults: dict[str, Any] = {
        "handler": "asynctaskflow_testkit.handlers:echo",
        "timeouts": {"attempt_seconds": 30, "lease_seconds": 2, "grace_seconds": 3},
        "retry": {"max_attempts": 3, "initial_seconds": 0.1, "max_seconds": 0.5},
        "queue": {"max_deliveries": 3},
    }
    for name, part in parts.items():
        known = defaults.get(name)
        defaults[name] = {**known, **part} if isinstance(known, dict) else part
    return FunctionSpec.model_validate(defaults)
