"""Every key of a function lies in one slot of a Redis Cluster."""

import re

from asynctaskflow.model import keys
from asynctaskflow.model.ended import COARSE, FINE
from asynctaskflow.model.task import TaskState

UUID = "01890000-0000-7000-8000-00000000000a"


def tag(key: str) -> str:
    """The part of a key that Redis Cluster hashes."""
    found = re.search(r"\{(.*?)\}", key)
    return found.group(1) if found else key


def test_all_keys_of_a_function_share_its_hash_tag() -> None:
    built = [
        *keys.function_keys("echo"),
        keys.task("echo", UUID),
        keys.task_input("echo", UUID),
        keys.task_result("echo", UUID),
        keys.idempotency("echo", "digest"),
        keys.workers("echo"),
        keys.worker("echo", "w-1"),
        keys.scaling("echo"),
        keys.blob("echo", "b-1"),
        keys.ended("echo", FINE, 1),
        keys.ended("echo", COARSE, 1),
    ]

    assert {tag(key) for key in built} == {"echo"}
    assert len(set(built)) == len(built)


def test_all_keys_of_a_dependency_share_its_hash_tag() -> None:
    built = [
        keys.dependency("llm"),
        keys.circuit_breaker("llm"),
        keys.rate_limit_config("llm"),
        keys.rate_limit_bucket("llm"),
        keys.rate_limit_grant("llm", "nonce"),
    ]

    assert {tag(key) for key in built} == {"llm"}


def test_each_state_has_an_index_of_its_own() -> None:
    indexes = {keys.state_index("echo", state) for state in TaskState}

    assert len(indexes) == len(TaskState)
    assert keys.state_index("echo", TaskState.DLQ) == "dlq:tasks:{echo}"


def test_a_tasks_own_keys_begin_with_its_hash() -> None:
    task = keys.task("echo", UUID)

    assert keys.task_input("echo", UUID) == task + ":input"
    assert keys.task_result("echo", UUID) == task + ":result"
