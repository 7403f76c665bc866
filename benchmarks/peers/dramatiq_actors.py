"""Dramatiq: one Lua script per step, and a heartbeat per process instead of a lease per task."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks import tasks
from benchmarks.settings import place

SETTINGS = (
    "1 process, 8 threads, heartbeat = lease, results in Redis; recovery: sweep at each command"
)
TASKS = 6_000
WORKER = (
    *("-m", "dramatiq", "benchmarks.peers.dramatiq_actors"),
    *("--processes", "1", "--threads", "8", "--skip-logging"),
)
EACH_COMMAND = 1_000_000
DEFAULT_CHANCE = 1_000

broker = RedisBroker(
    url=place().redis_url,
    heartbeat_timeout=place().lease_s * 1000,
    maintenance_chance=EACH_COMMAND if place().recovery else DEFAULT_CHANCE,
)
broker.add_middleware(Results(backend=RedisBackend(url=place().redis_url), store_results=True))
dramatiq.set_broker(broker)
noop_task = dramatiq.actor(tasks.noop, actor_name="noop")
report_task = dramatiq.actor(tasks.report, actor_name="report")
hold_task = dramatiq.actor(tasks.hold, actor_name="hold")


async def start() -> None:
    """Nothing: the first command connects."""


async def noop() -> None:
    """Enqueue one no-op."""
    noop_task.send()


async def report(sent_s: float) -> None:
    """Enqueue a task that reports its start."""
    report_task.send(sent_s)


async def hold(sent_s: float) -> None:
    """Enqueue a task that reports its start and then stays."""
    hold_task.send(sent_s)


async def stop() -> None:
    """Disconnect."""
    broker.close()
