"""This project, as its users meet it: a decorated handler under ``atf-worker``, and two clients.

One task at a time is enqueued by a program that waits for each answer: with ``TaskClient``, the blocking client, as
huey, dramatiq, Celery and RQ do with theirs. Concurrent callers and bulk use ``RedisQueue``, the asynchronous one.
"""

from typing import Any

from asynctaskflow import Context, TaskClient, function
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "32 slots, lease renewed by its own thread, history, events and results in Redis"
TASKS = 40_000
CONCURRENT = True
WORKER = ("-m", "asynctaskflow.worker.main", "benchmarks.peers.asynctaskflow_queue:run")
FUNCTION = "bench"
ENVIRONMENT = {
    "ATF_REDIS_URL": "{url}",
    "ATF_SLOTS": "32",
    "ATF_LEASE_S": "{lease_s}",
    "ATF_LOG_LEVEL": "warning",
}
NOOP = b'{"do":"noop"}'

_client = open_async(RedisOptions(place().redis_url))
_blocking = open_async(RedisOptions(place().redis_url), blocking=True)
_queue = RedisQueue(_client, blocking=_blocking)
_one_by_one = TaskClient(place().redis_url)


@function(name=FUNCTION)
async def run(task: dict[str, Any], _ctx: Context) -> str:
    """All that is measured is one function, since a worker runs one."""
    match task["do"]:
        case "noop":
            return tasks.noop()
        case "report":
            return tasks.report(task["sent_s"])
        case _:
            return await tasks.hold_async(task["sent_s"])


async def start() -> None:
    """Nothing: the first command connects."""


async def noop() -> None:
    """Enqueue one no-op and wait for the answer, as a program without an event loop does."""
    _one_by_one.enqueue(FUNCTION, NOOP)


async def noop_among_others() -> None:
    """The same as one of several callers on one event loop."""
    await _queue.enqueue(NewTask(FUNCTION, NOOP))


async def noops(count: int) -> None:
    """Enqueue many no-ops; each outcome is looked at."""
    for outcome in await _queue.enqueue_many([NewTask(FUNCTION, NOOP)] * count):
        if isinstance(outcome, Exception):
            raise outcome


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    _one_by_one.enqueue(FUNCTION, {"do": "report", "sent_s": sent_s})


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    _one_by_one.enqueue(FUNCTION, {"do": "hold", "sent_s": sent_s})


async def stop() -> None:
    """Disconnect."""
    _one_by_one.close()
    await _client.aclose()
    await _blocking.aclose()
