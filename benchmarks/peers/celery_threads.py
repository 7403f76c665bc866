"""Celery: acknowledged late, unacknowledged messages restored after the visibility time-out."""

from celery import Celery

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = (
    "threads -c32, acks_late, visibility_timeout = lease, sweep each second, results in Redis"
)
TASKS = 3_000
WORKER = (
    *("-m", "celery", "--app", "benchmarks.peers.celery_threads", "worker"),
    *("--pool", "threads", "--concurrency", "32", "--loglevel", "WARNING"),
    *(
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--hostname",
        "worker{number}@bench",
    ),
)

app = Celery("bench", broker=place().redis_url, backend=place().redis_url)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    result_expires=600,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": place().lease_s,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
)
noop_task = app.task(name="noop")(tasks.noop)
report_task = app.task(name="report")(tasks.report)
hold_task = app.task(name="hold")(tasks.hold)


async def start() -> None:
    """Nothing: the first command connects."""


async def noop() -> None:
    """Enqueue one no-op."""
    noop_task.delay()


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    report_task.delay(sent_s)


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    hold_task.delay(sent_s)


async def stop() -> None:
    """Disconnect."""
    app.close()
