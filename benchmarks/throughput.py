"""Enqueueing, draining, waking and counting: one visit to one system, on an emptied server.

The workers run before anything is queued (SAQ's start-up sweep runs tasks twice otherwise) and are frozen
while the backlog is made, so that every system drains a full queue and enqueues into a quiet one.
"""

import time
from dataclasses import dataclass

from asynctaskflow_testkit.servers import RedisServer
from benchmarks.figures import (
    DRAIN_1,
    DRAIN_2,
    ENQUEUE_BULK,
    ENQUEUE_SINGLE,
    ENQUEUE_TOGETHER,
    REDIS_COMMANDS,
    ROUND_TRIPS,
    START_P50_MS,
    START_P95_MS,
    Figures,
    percentile,
)
from benchmarks.processes import Crew
from benchmarks.systems import System
from benchmarks.witness import Ear, NotSeenError, Tally, wait_until

READY_WITHIN_S = 30.0
DRAINED_WITHIN_S = 60.0
STARTED_WITHIN_S = 5.0
WARM_UP = 100
CALLERS = 32
QUIET_S = 0.02
SETTLED_S = 0.3
PROBES_WITHIN_S = 4.0
FIRST_PROBES = 3


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        share: of the number of tasks that each adapter names.
        singles: tasks enqueued one at a time, at most one drain's.
        probes: starts on an idle queue.
    """

    share: float
    singles: int
    probes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the server has done since it was started."""

    commands: int
    reads: int

    def since(self, before: "Traffic") -> "Traffic":
        """The difference."""
        return Traffic(self.commands - before.commands, self.reads - before.reads)


def traffic(server: RedisServer) -> Traffic:
    """Commands, those inside scripts too, and reads from sockets, which are about the round trips."""
    commands = server.admin.info("commandstats")
    total = sum(int(command["calls"]) for command in commands.values())
    return Traffic(total, int(server.admin.info("stats")["total_reads_processed"]))


class Visit:
    """One system, measured once."""

    def __init__(
        self, system: System, crew: Crew, server: RedisServer, ear: Ear, tally: Tally, size: Size
    ) -> None:
        """Nothing is measured yet."""
        self._system = system
        self._crew = crew
        self._server = server
        self._ear = ear
        self._tally = tally
        self._size = size
        self._expected = 0

    def measure(self, figures: Figures) -> None:
        """Everything but recovery."""
        self._hire()
        self._freeze()
        enqueued = self._enqueue(figures)
        self._fill()
        waiting, before = self._waiting, traffic(self._server)
        figures.add(DRAIN_1, self._system.name, self._drain())
        self._add_traffic(figures, enqueued, traffic(self._server).since(before), ran=waiting)
        self._wake(figures)
        self._hire()
        self._freeze()
        self._fill()
        figures.add(DRAIN_2, self._system.name, self._drain())

    @property
    def _waiting(self) -> int:
        return self._expected - self._tally.total()

    @property
    def _backlog(self) -> int:
        return round(self._system.tasks * self._size.share)

    @property
    def _singles(self) -> int:
        return min(self._size.singles, self._backlog)

    def _hire(self) -> None:
        """Start one worker more and wait until all of them have run something."""
        self._crew.hire()
        deadline = time.monotonic() + READY_WITHIN_S
        while len(self._tally.by_process()) < len(self._crew.workers):
            if time.monotonic() > deadline:
                raise NotSeenError(f"{self._system.name}: its worker takes no task")
            if self._tally.total() == self._expected:
                self._send(len(self._crew.workers))
            time.sleep(QUIET_S)
        self._send(WARM_UP)
        self._await_drained()

    def _freeze(self) -> None:
        time.sleep(SETTLED_S)
        self._crew.freeze()

    def _send(self, count: int) -> float:
        self._expected += count
        return float(self._crew.producer.order("noop", count=count)["seconds"])

    def _enqueue(self, figures: Figures) -> Traffic:
        """One at a time, then by many callers, then in bulk; the traffic of the first."""
        singles, name = self._singles, self._system.name
        self._send(WARM_UP)
        before = traffic(self._server)
        figures.add(ENQUEUE_SINGLE, name, singles / self._send(singles))
        spent = traffic(self._server).since(before)
        if self._system.concurrent:
            self._expected += singles // CALLERS * CALLERS
            said = self._crew.producer.order("together", count=singles, callers=CALLERS)
            figures.add(ENQUEUE_TOGETHER, name, singles / said["seconds"])
        if self._system.bulk:
            count = max(singles, self._backlog)
            self._expected += count
            said = self._crew.producer.order("bulk", count=count)
            figures.add(ENQUEUE_BULK, name, count / said["seconds"])
        return spent

    def _fill(self) -> None:
        """Bring what waits up to the size of a drain."""
        missing = self._backlog - self._waiting
        if missing <= 0:
            return
        if self._system.bulk:
            self._expected += missing
            self._crew.producer.order("bulk", count=missing)
        else:
            self._send(missing)

    def _drain(self) -> float:
        """Tasks per second from the thaw to the last no-op's end."""
        waiting, started = self._waiting, time.monotonic()
        self._crew.thaw()
        return waiting / (self._await_drained() - started)

    def _await_drained(self) -> float:
        drained_at = wait_until(
            lambda: self._tally.total() >= self._expected,
            DRAINED_WITHIN_S,
            f"{self._system.name}: {self._expected} tasks, {self._tally.total()} at first look",
        )
        # The last results are on their way; a task that runs twice would otherwise be counted later.
        time.sleep(SETTLED_S)
        self._expected = self._tally.total()
        return drained_at

    def _add_traffic(self, figures: Figures, enqueued: Traffic, run: Traffic, *, ran: int) -> None:
        """Of one task: enqueued alone, run in the drain."""
        name, singles = self._system.name, self._singles
        figures.add(REDIS_COMMANDS, name, enqueued.commands / singles + run.commands / ran)
        figures.add(ROUND_TRIPS, name, enqueued.reads / singles + run.reads / ran)

    def _wake(self, figures: Figures) -> None:
        """Times from the enqueue call to the handler's first line, one task at a time."""
        waits: list[float] = []
        deadline = time.monotonic() + PROBES_WITHIN_S
        while len(waits) < self._size.probes and time.monotonic() < deadline:
            self._crew.producer.order("report")
            start = self._ear.next(STARTED_WITHIN_S)
            if start is None:
                raise NotSeenError(f"{self._system.name}: a task on an idle queue does not start")
            waits.append(start.waited_ms)
            time.sleep(QUIET_S)
        steady = waits[FIRST_PROBES:] or waits
        figures.add(START_P50_MS, self._system.name, percentile(steady, 0.5))
        figures.add(START_P95_MS, self._system.name, percentile(steady, 0.95))
