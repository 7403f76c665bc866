"""What the API promises: its rate, and answers whose cost does not grow with the number of stored tasks."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from asynctaskflow_testkit.servers import RedisServer
from benchmarks import load
from benchmarks.figures import Goal, Reached
from benchmarks.footprint import resident_mb
from benchmarks.processes import Crew
from benchmarks.promises.store import Store
from benchmarks.server import empty
from benchmarks.service import Service

FUNCTION = "bench"
NOOP = '{"do":"noop"}'
SUMMARIZE_BODY = json.dumps({"content": "One sentence. " * 20})
SUMMARIZE_PATH = "/api/v1/tasks/summarize/"
STATUS_PATH = "/api/v1/queues/status"
CONNECTIONS = 32
STATUS_STORED = 50_000
GETS = 200
PAGES = (
    "/api/v1/tasks/summaries/?page_size=20",
    "/api/v1/tasks/summaries/?page_size=20&task_status=PENDING",
    f"/api/v1/tasks/summaries/?page_size=20&task_type={FUNCTION}",
)
IDLE_TASKS = 100
QUIET_S = 0.02
WARM_UP_TASKS = 5
SETTLED_S = 1.0
STARTED_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class ApiSize:
    """How much is measured: seconds of load, tasks stored when a page is listed."""

    load_s: int
    stored: int


def measure(server: RedisServer, crew: Crew, folder: Path, size: ApiSize) -> Iterator[Reached]:
    """Each promise in turn; ``crew`` has no worker yet."""
    store = Store(server.url)
    store.register(FUNCTION, "summarize")
    with Service(server.url, folder) as service:
        service.median_ms(STATUS_PATH, GETS)
        time.sleep(SETTLED_S)
        idle_mb = resident_mb(service.child.pid)
        yield Reached(Goal("API process, idle", 100, "MB RSS", at_least=False), [idle_mb])
        yield from _rate(service, folder, size.load_s)
        empty(server)
        store.register(FUNCTION, "summarize")
        yield from _growth(server, store, service, size.stored)
        empty(server)
        store.register(FUNCTION)
        yield from _idle_task(crew, store, service)


def _rate(service: Service, folder: Path, seconds: int) -> Iterator[Reached]:
    seen = load.post(
        service.url,
        SUMMARIZE_PATH,
        SUMMARIZE_BODY,
        connections=CONNECTIONS,
        seconds=seconds,
        folder=folder,
    )
    note = f"{seen.tool}, p99 {seen.p99_ms:.1f} ms, {seen.errors} errors"
    goal = Goal(f"API POST, {CONNECTIONS} connections", 5_500, "/s", at_least=True)
    yield Reached(goal, [seen.per_second] if not seen.errors else [], note)


def _growth(server: RedisServer, store: Store, service: Service, stored: int) -> Iterator[Reached]:
    # By the same process in the same state: one that has answered a load is not as quick as a fresh one.
    empty_ms = service.median_ms(STATUS_PATH, GETS)
    before = _used_bytes(server)
    store.fill(FUNCTION, NOOP.encode(), STATUS_STORED)
    per_task = (_used_bytes(server) - before) / STATUS_STORED - len(NOOP)
    full_ms = service.median_ms(STATUS_PATH, GETS)
    goal = Goal(f"queue status, {STATUS_STORED:,} tasks / none", 1.2, "×", at_least=False)
    yield Reached(goal, [full_ms / empty_ms], f"{empty_ms:.2f} and {full_ms:.2f} ms")
    goal = Goal("Redis memory of a waiting task, beside its payload", 800, "bytes", at_least=False)
    yield Reached(goal, [per_task])
    seconds = store.fill(FUNCTION, NOOP.encode(), stored - STATUS_STORED)
    slowest_ms = max(service.median_ms(page, GETS) for page in PAGES)
    goal = Goal(f"list page of 20 at {stored:,} tasks", 10, "ms", at_least=False)
    filled = f"filled at {(stored - STATUS_STORED) / seconds:,.0f}/s"
    yield Reached(goal, [slowest_ms], filled)


def _used_bytes(server: RedisServer) -> int:
    return int(server.admin.info("memory")["used_memory"])


def _idle_task(crew: Crew, store: Store, service: Service) -> Iterator[Reached]:
    """A task from its POST to its result in the answer, one at a time."""
    hired_s = time.monotonic()
    worker = crew.hire()
    store.await_worker(FUNCTION, within_s=STARTED_WITHIN_S)
    goal = Goal("worker process, from its start to its first report", 1, "s", at_least=False)
    yield Reached(goal, [time.monotonic() - hired_s])
    path = f"/api/v1/functions/{FUNCTION}/tasks?wait=20"
    service.median_ms(STATUS_PATH, WARM_UP_TASKS)
    for _ in range(WARM_UP_TASKS):
        service.ask("POST", path, NOOP.encode())
    time.sleep(SETTLED_S)
    idle_mb = resident_mb(worker.pid)
    taken_ms = []
    for _ in range(IDLE_TASKS):
        started = time.perf_counter()
        answer = service.ask("POST", path, NOOP.encode())
        taken_ms.append((time.perf_counter() - started) * 1000)
        if answer["state"] != "COMPLETED":
            raise RuntimeError(f"a task through the API is {answer['state']}")
        time.sleep(QUIET_S)
    goal = Goal("one idle task through the API, POST to result, p50", 3, "ms", at_least=False)
    yield Reached(goal, [median(taken_ms)])
    yield Reached(Goal("worker process, idle", 60, "MB RSS", at_least=False), [idle_mb])
