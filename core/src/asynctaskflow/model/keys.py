"""Every Redis key is built here and nowhere else; the table is documented in docs/internals.md.

``{f}`` is the function's name (or the dependency's) as a hash tag: all keys of one function live in
one slot, so each script works on Redis Cluster.
"""

from asynctaskflow.model.ended import GRAINS, Grain
from asynctaskflow.model.task import TaskState

FUNCTIONS = "functions"
DEPENDENCIES = "dependencies"

_INDEX_BY_STATE = {
    TaskState.ACTIVE: "tasks:active:{%s}",
    TaskState.SCHEDULED: "tasks:scheduled:{%s}",
    TaskState.DLQ: "dlq:tasks:{%s}",
}


def function(name: str) -> str:
    """Hash: the function's spec and its revision, ``paused``, ``max_depth``, the last end of its drain marks."""
    return f"function:{{{name}}}"


def task(name: str, uuid: str) -> str:
    """Hash: one task's record."""
    return f"task:{{{name}}}:{uuid}"


def task_input(name: str, uuid: str) -> str:
    """String: the task's input, JSON."""
    return f"task:{{{name}}}:{uuid}:input"


def task_result(name: str, uuid: str) -> str:
    """String: the task's result, JSON."""
    return f"task:{{{name}}}:{uuid}:result"


def primary(name: str) -> str:
    """List, FIFO: uuids of new tasks."""
    return f"tasks:pending:primary:{{{name}}}"


def retry(name: str) -> str:
    """List, FIFO: uuids of tasks due again."""
    return f"tasks:pending:retry:{{{name}}}"


def state_index(name: str, state: TaskState) -> str:
    """Sorted set: uuid -> time. ACTIVE by lease deadline, SCHEDULED by due time, others by entry time."""
    if state in _INDEX_BY_STATE:
        return _INDEX_BY_STATE[state] % name
    return f"tasks:index:{{{name}}}:{state}"


def all_index(name: str) -> str:
    """Sorted set: uuid -> creation time; every stored task of the function."""
    return f"tasks:index:{{{name}}}:ALL"


def foreign_ids(name: str) -> str:
    """Sorted set, lexical: uuids that are not version 7, for prefix search."""
    return f"tasks:ids:{{{name}}}"


def errors(name: str) -> str:
    """Sorted set, lexical: ``<STATE>:<class>:<entry time>:<uuid>`` of tasks that hold an error.

    Dead letters stand there once more, as ``DLQ:<class>/<fingerprint>:<entry time>:<uuid>``.
    """
    return f"tasks:errors:{{{name}}}"


def ended(name: str, grain: Grain, number: int) -> str:
    """Hash with TTL: ``<step><letter of a state>`` -> how many tasks ended; ``lua/prelude/2_ended.lua`` spells it too."""
    return f"tasks:ended:{{{name}}}:{grain.name}:{number}"


def wakeup(name: str) -> str:
    """Sorted set with one marker: idle workers block on it."""
    return f"tasks:wakeup:{{{name}}}"


def events(name: str) -> str:
    """Stream, capped: every transition."""
    return f"tasks:events:{{{name}}}"


def claims(name: str) -> str:
    """Hash: worker id -> nonce and uuids of its last claim, so that a repeated claim is the same claim."""
    return f"tasks:claims:{{{name}}}"


def idempotency(name: str, digest: str) -> str:
    """String with TTL: uuid and input fingerprint that an idempotency key stands for."""
    return f"idempotency:{{{name}}}:{digest}"


def workers(name: str) -> str:
    """Sorted set: worker id -> time of its last heartbeat."""
    return f"workers:{{{name}}}"


def draining(name: str) -> str:
    """Sorted set: worker id -> end of its drain mark; ``lua/claim.lua`` spells it too."""
    return f"workers:draining:{{{name}}}"


def worker(name: str, worker_id: str) -> str:
    """Hash with TTL: what one worker last said of itself."""
    return f"worker:{{{name}}}:{worker_id}"


def scaling(name: str) -> str:
    """List with TTL: the last scaling decisions, JSON, newest first."""
    return f"scaling:decisions:{{{name}}}"


def scaling_load(name: str) -> str:
    """List with TTL: samples of queue and workers over the last hour, JSON, newest first."""
    return f"scaling:load:{{{name}}}"


def blob(name: str, blob_id: str) -> str:
    """String with TTL: a large input or result."""
    return f"blob:{{{name}}}:{blob_id}"


def dependency(name: str) -> str:
    """Hash: the dependency's spec."""
    return f"dependency:{{{name}}}"


def circuit_breaker(name: str) -> str:
    """Hash: the breaker's state, counters and probe permits."""
    return f"circuit_breaker:{{{name}}}"


def rate_limit_config(name: str) -> str:
    """Hash: requests, interval, capacity as configured or reported by the provider."""
    return f"rate_limit:{{{name}}}:config"


def rate_limit_bucket(name: str) -> str:
    """Hash: tokens left, last refill, sleep after a 429."""
    return f"rate_limit:{{{name}}}:bucket"


def rate_limit_grant(name: str, nonce: str) -> str:
    """String with short TTL: the answer given to one request, so that a resent one is not granted twice."""
    return f"rate_limit:{{{name}}}:grant:{nonce}"


def function_keys(name: str) -> tuple[str, ...]:
    """The function's shared keys in the order that ``prelude.lua`` names them."""
    return (
        events(name),
        wakeup(name),
        primary(name),
        retry(name),
        function(name),
        all_index(name),
        foreign_ids(name),
        errors(name),
        claims(name),
        *(state_index(name, state) for state in TaskState),
    )


def all_of_function(name: str, *, now_ms: int) -> tuple[str, ...]:
    """Every key of the function that no single task or worker owns, to be removed with it."""
    counts = [ended(name, grain, number) for grain in GRAINS for number in grain.alive(now_ms)]
    lists = (scaling(name), scaling_load(name))
    return (*function_keys(name), workers(name), draining(name), *lists, *counts)
