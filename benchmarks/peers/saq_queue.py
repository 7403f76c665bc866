"""SAQ: a job's time limit is its lease, and a sweep takes back jobs that passed it."""

from typing import Any

from saq import Queue

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "timeout = lease, retries 3, results in the job, 32 at once; recovery: sweep each second"
TASKS = 6_000
CONCURRENT = True
WORKER = ("-m", "saq", "benchmarks.peers.saq_queue.settings", "--quiet")
ATTEMPTS = 3
# More often, its sweep would take the job that a frozen worker was just handed for a lost one.
DEFAULT_SWEEP_S = 60

queue = Queue.from_url(place().redis_url)


async def noop_task(_ctx: dict[str, Any]) -> str:
    """Run the no-op."""
    return tasks.noop()


async def report_task(_ctx: dict[str, Any], *, sent_s: float) -> str:
    """Report the start."""
    return tasks.report(sent_s)


async def hold_task(_ctx: dict[str, Any], *, sent_s: float) -> str:
    """Report the start and stay."""
    return await tasks.hold_async(sent_s)


settings = {
    "queue": queue,
    "functions": [noop_task, report_task, hold_task],
    "concurrency": 32,
    "timers": {"sweep": 1 if place().recovery else DEFAULT_SWEEP_S},
}


async def start() -> None:
    """Connect."""
    await queue.connect()


async def noop() -> None:
    """Enqueue one no-op."""
    await queue.enqueue("noop_task", timeout=place().lease_s, retries=ATTEMPTS)


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    await queue.enqueue("report_task", timeout=place().lease_s, retries=ATTEMPTS, sent_s=sent_s)


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    await queue.enqueue("hold_task", timeout=place().lease_s, retries=ATTEMPTS, sent_s=sent_s)


async def stop() -> None:
    """Disconnect."""
    await queue.disconnect()
