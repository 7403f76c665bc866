"""huey: popped messages are gone, so a killed worker's task never comes back."""

from huey import RedisHuey

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "8 threads, results in Redis, no lease"
TASKS = 8_000
WORKER = (
    *("-m", "huey.bin.huey_consumer", "benchmarks.peers.huey_queue.huey"),
    *("--workers", "8", "--worker-type", "thread", "--no-periodic", "--quiet"),
)

huey = RedisHuey("bench", url=place().redis_url)
noop_task = huey.task()(tasks.noop)
report_task = huey.task()(tasks.report)
hold_task = huey.task()(tasks.hold)


async def start() -> None:
    """Nothing: the first command connects."""


async def noop() -> None:
    """Enqueue one no-op."""
    noop_task()


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    report_task(sent_s)


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    hold_task(sent_s)


async def stop() -> None:
    """Disconnect."""
    huey.storage.conn.close()
