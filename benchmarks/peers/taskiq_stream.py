"""taskiq on a Redis stream: unacknowledged messages are claimed again, but only after a read that found work."""

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "stream broker, idle_timeout = lease, results in Redis, 32 at once"
TASKS = 8_000
CONCURRENT = True
WORKER = (
    *("-m", "taskiq", "worker", "benchmarks.peers.taskiq_stream:broker"),
    *("--workers", "1", "--max-async-tasks", "32", "--log-level", "WARNING"),
)

broker = RedisStreamBroker(
    place().redis_url, idle_timeout=place().lease_s * 1000
).with_result_backend(RedisAsyncResultBackend(place().redis_url, result_ex_time=600))


async def _noop() -> str:
    return tasks.noop()


async def _report(sent_s: float) -> str:
    return tasks.report(sent_s)


noop_task = broker.register_task(_noop, task_name="noop")
report_task = broker.register_task(_report, task_name="report")
hold_task = broker.register_task(tasks.hold_async, task_name="hold")


async def start() -> None:
    """Connect."""
    await broker.startup()


async def noop() -> None:
    """Enqueue one no-op."""
    await noop_task.kiq()


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    await report_task.kiq(sent_s)


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    await hold_task.kiq(sent_s)


async def stop() -> None:
    """Disconnect."""
    await broker.shutdown()
