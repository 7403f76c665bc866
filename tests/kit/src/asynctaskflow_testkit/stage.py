"""A chaos test's stage: one server, real processes, a ledger, and the verdict at the end.

Times are the suite's compressed profile: lease 2 s, heartbeat and reaper 0.5 s, three deliveries.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import orjson

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.task import TERMINAL, Task, TaskId, TaskState
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_testkit.invariants import Evidence, Report, judge
from asynctaskflow_testkit.ledger import EVERYONE, Ledger
from asynctaskflow_testkit.processes import Fleet, Process, Supervisor
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.snapshot import take_snapshot
from asynctaskflow_testkit.waiting import eventually

LEASE_MS = 2000
MAX_DELIVERIES = 3
OVERDUE_SAMPLE_S = 0.1
READY_WITHIN_S = 20.0
HANDLERS = "asynctaskflow_testkit.handlers"

PROFILE: Mapping[str, str] = {
    "ATF_LEASE_S": "2",
    "ATF_HEARTBEAT_S": "0.5",
    "ATF_REAPER_TICK_S": "0.5",
    "ATF_MAX_DELIVERIES": str(MAX_DELIVERIES),
    "ATF_BACKOFF_BASE_S": "0.2",
    "ATF_BACKOFF_CAP_S": "0.5",
    "ATF_GRACE_S": "3",
    "ATF_UNWIND_S": "0.5",
    "ATF_LOG_FORMAT": "json",
}


@dataclass(slots=True)
class Stage:
    """What a chaos test plays with.

    Attributes:
        dice: the only source of chance in a test, from the printed seed.
        scale: multiplies numbers of tasks and faults.
        overdue_ms: samples taken while ``watching_leases``.
    """

    server: RedisServer
    ledger: Ledger
    fleet: Fleet
    queue: RedisQueue
    dice: random.Random
    scale: float = 1.0
    overdue_ms: list[int] = field(default_factory=list)

    def many(self, count: int) -> int:
        """A number of tasks or faults, scaled."""
        return max(1, round(count * self.scale))

    def workers(
        self, function: str, count: int, *, env: Mapping[str, str] | None = None
    ) -> Supervisor:
        """Workers of a sample function, kept alive by ``revive``."""
        supervisor = Supervisor(self.fleet, handler(function), env=env)
        supervisor.scale(count)
        return supervisor

    async def submit(
        self, function: str, *inputs: Mapping[str, object], delay_s: float = 0.0
    ) -> list[TaskId]:
        """Enqueue one task for each input, in one go, and write the ledger."""
        new = [NewTask(function, orjson.dumps(one), delay_s=delay_s) for one in inputs]
        accepted = []
        for answer in await self.queue.enqueue_many(new):
            if isinstance(answer, Exception):
                raise answer
            self.ledger.submitted(answer.id)
            accepted.append(answer.id)
        return accepted

    async def ready(self, *processes: Process) -> None:
        """Wait until each answers its readiness probe."""
        async with httpx2.AsyncClient() as client:
            for process in processes:
                await eventually(
                    lambda process=process: _is_ready(client, process),  # type: ignore[misc]
                    READY_WITHIN_S,
                    what=f"{process.name} is ready",
                )

    async def get(self, task_id: str) -> Task:
        """One stored task."""
        return await self.queue.get(TaskId.parse(task_id))

    async def running(self, function: str, supervisor: Supervisor) -> list[Process]:
        """The supervisor's workers that have said so to Redis, and live."""
        told = {worker.id for worker in await self.queue.workers(function)}
        workers = supervisor.workers.values()
        return [worker for worker in workers if worker.alive and worker.name in told]

    async def unfinished(self, function: str) -> int:
        """Tasks that are not terminal."""
        states = (await self.queue.depths(function)).states
        return sum(states[state] for state in set(TaskState) - TERMINAL)

    async def drained(self, function: str, within_s: float) -> None:
        """Wait until every task of the function is terminal."""

        async def none_left() -> bool:
            with suppress(QueueUnavailable):
                return await self.unfinished(function) == 0
            return False

        try:
            await eventually(none_left, within_s, what=f"{function} is drained")
        except AssertionError as error:
            report = judge(self._evidence(function))
            raise AssertionError(f"{error}\n{report}\n{self.fleet.logs()}") from error

    def say(self, text: str) -> None:
        """A figure for whoever reads the run: shown by ``pytest -s`` and with a failure."""
        print(f"\n{text}")  # noqa: T201 - that is what it is for

    def kill(self, worker: Process) -> None:
        """SIGKILL one worker, and say so in the ledger."""
        self.ledger.fault("SIGKILL", worker=worker.name)
        worker.kill()

    @asynccontextmanager
    async def on(self, server: RedisServer) -> AsyncIterator[None]:
        """Look at another server from here on: the one that was promoted."""
        client = open_async(RedisOptions(server.url))
        before = self.server, self.queue
        self.server, self.queue = server, RedisQueue(client)
        try:
            yield
        finally:
            self.server, self.queue = before
            await client.aclose()

    @asynccontextmanager
    async def watching_leases(self, function: str) -> AsyncIterator[None]:
        """Sample how long expired leases lie about."""

        async def sample() -> None:
            while True:
                with suppress(QueueUnavailable):
                    self.overdue_ms.append((await self.queue.depths(function)).overdue_lease_ms)
                await asyncio.sleep(OVERDUE_SAMPLE_S)

        task = asyncio.create_task(sample())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def verdict(
        self,
        function: str,
        *,
        within_s: float = 60.0,
        stale_rejected: int | None = None,
        may_be_lost: frozenset[str] = frozenset(),
    ) -> Report:
        """Drain, end all processes, and apply the law book.

        Raises:
            AssertionError: a law is broken; with the report and the ends of the logs.
        """
        await self.drained(function, within_s)
        earlier = take_snapshot(self.server.admin, function)
        self.fleet.close()
        evidence = replace(
            self._evidence(function),
            earlier=earlier,
            stale_rejected=stale_rejected,
            overdue_ms=self.overdue_ms,
            may_be_lost=may_be_lost,
        )
        report = judge(evidence)
        self.say(str(report))
        if report.violations:
            raise AssertionError(f"{report}\n{self.fleet.logs()}")
        return report

    def _evidence(self, function: str) -> Evidence:
        mine = [
            entry
            for entry in self.ledger.entries()
            if not (task := getattr(entry, "id", "")) or task[:-37] == function
        ]
        snapshot = take_snapshot(self.server.admin, function)
        return Evidence(mine, snapshot, max_deliveries=MAX_DELIVERIES, lease_ms=LEASE_MS)


def handler(function: str) -> str:
    """``module:function`` of a sample function; ``exit`` is a builtin's name and ``llm`` lives apart."""
    match function:
        case "llm":
            return "asynctaskflow_testkit.llm:llm"
        case "exit":
            return f"{HANDLERS}:exit_"
        case _:
            return f"{HANDLERS}:{function}"


async def metric(process: Process, name: str) -> float:
    """The sum of one metric over its labels; 0 if the process does not answer."""
    async with httpx2.AsyncClient() as client:
        try:
            text = (await client.get(f"{process.base_url}/metrics")).text
        except httpx2.TransportError:
            return 0.0
    lines = [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


async def _is_ready(client: httpx2.AsyncClient, process: Process) -> bool:
    if not process.alive:
        raise RuntimeError(f"{process.name} ended: {process.log()[-2000:]}")
    try:
        return (await client.get(f"{process.base_url}/ready")).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


@asynccontextmanager
async def open_stage(
    server: RedisServer,
    folder: Path,
    *,
    seed: int,
    scale: float = 1.0,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """A stage on a running server; ends every process that was started on it."""
    ledger = Ledger(folder / "ledger.jsonl")
    own = {"ATF_REDIS_URL": server.url, "TESTKIT_LEDGER": str(ledger.path)}
    client = open_async(RedisOptions(server.url))
    blocking = open_async(RedisOptions(server.url), blocking=True)
    try:
        with Fleet(folder, env={**PROFILE, **own, **(env or {})}) as fleet:
            queue = RedisQueue(client, blocking=blocking)
            dice = random.Random(seed)
            yield Stage(server, ledger, fleet, queue, dice, scale)
    finally:
        await client.aclose()
        await blocking.aclose()
        ledger.close()


def recoveries_s(ledger: Ledger) -> list[float]:
    """For each execution that a fault on its worker interrupted: seconds from the fault to the next start."""
    found = []
    faults = [fault for fault in ledger.faults() if fault.worker != EVERYONE]
    runs = ledger.runs_by_task()
    for fault in faults:
        for runs_of_task in runs.values():
            found += _recovery(runs_of_task, fault.worker, fault.at_s)
    return found


def _recovery(runs: Sequence[tuple[str, str, float]], worker: str, at_s: float) -> list[float]:
    """``runs`` are (edge, worker, time) of one task in order."""
    last_edge = [edge for edge, who, when in runs if who == worker and when <= at_s][-1:]
    if last_edge != ["start"]:
        return []
    return [when - at_s for edge, _, when in runs if edge == "start" and when > at_s][:1]
