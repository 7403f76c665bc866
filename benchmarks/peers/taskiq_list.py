"""taskiq on a Redis list: popped messages are gone, so a killed worker's task never comes back."""

from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = "list broker, results in Redis, 32 at once"
TASKS = 8_000
CONCURRENT = True
WORKER = (
    *("-m", "taskiq", "worker", "benchmarks.peers.taskiq_list:broker"),
    *("--workers", "1", "--max-async-tasks", "32", "--log-level", "WARNING"),
)

broker = ListQueueBroker(place().redis_url).with_result_backend(
    RedisAsyncResultBackend(place().redis_url, result_ex_time=600)
)


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
