"""RQ without a fork per job; a job whose worker died is looked for only every maintenance interval."""

from redis import Redis
from rq import Queue, Retry

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "SimpleWorker, job_timeout 60 s, Retry(3), maintenance each second, results 500 s"
TASKS = 1_000
WORKER = (
    *("-m", "rq.cli", "worker", "bench", "--url", "{url}", "--quiet"),
    *("--worker-class", "rq.SimpleWorker", "--maintenance-interval", "1"),
)
CHUNK = 500

queue = Queue("bench", connection=Redis.from_url(place().redis_url))


async def start() -> None:
    """Nothing: the first command connects."""


async def noop() -> None:
    """Enqueue one no-op."""
    queue.enqueue(tasks.noop, retry=Retry(3))


async def noops(count: int) -> None:
    """Enqueue many no-ops, some hundred in one pipeline."""
    for first in range(0, count, CHUNK):
        jobs = [
            Queue.prepare_data(tasks.noop, retry=Retry(3))
            for _ in range(first, min(first + CHUNK, count))
        ]
        queue.enqueue_many(jobs)


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    queue.enqueue(tasks.report, sent_s, retry=Retry(3))


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    queue.enqueue(tasks.hold, sent_s, job_timeout=place().lease_s, retry=Retry(3))


async def stop() -> None:
    """Disconnect."""
    queue.connection.close()
