"""Plays jobs against ``decide`` in virtual time: to choose a policy before it meets users.

The plant is simple on purpose: a FIFO queue, workers with slots, a fixed time for a worker to start and to
go. Decisions happen when a job arrives or ends and on a safety tick, as in the local stack and the operator.
"""

import heapq
import itertools
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from asynctaskflow.scaling.decide import decide
from asynctaskflow.scaling.decision import Decision
from asynctaskflow.scaling.memory import Memory
from asynctaskflow.scaling.observation import DependencySight, Observation, QueueSight
from asynctaskflow.scaling.policy import Policy
from asynctaskflow.scaling.victims import WorkerSight, choose_victims

RECENT_RUNS = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One task of the play."""

    arrive_s: float
    run_s: float


@dataclass(frozen=True, slots=True)
class Plant:
    """How the world reacts.

    Attributes:
        start_s: from the decision until a new worker claims.
        stop_s: from the decision until a removed worker costs nothing.
        tick_s: safety tick of the scaling loop.
        delay_s: from an event until the decision that it wakes.
        until_s: the play ends here; costs after it do not count.
    """

    start_s: float = 2.0
    stop_s: float = 0.3
    tick_s: float = 1.0
    delay_s: float = 0.1
    until_s: float = 220.0
    dependencies: tuple[DependencySight, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the play cost and how long jobs waited.

    Attributes:
        waits_s: from arrival to start, in order of start.
        worker_s: worker-seconds from decision to gone.
        work_s: seconds of work done.
        peak: most workers at once.
        changes: (time, decision) of every decision that changed the number.
    """

    waits_s: tuple[float, ...]
    worker_s: float
    work_s: float
    peak: int
    unstarted: int
    changes: tuple[tuple[float, Decision], ...]

    @property
    def cost(self) -> float:
        """Worker-seconds per second of work."""
        return self.worker_s / self.work_s if self.work_s else 0.0

    def wait_s(self, quantile: float) -> float:
        """The wait that this share of the jobs did not exceed; 0 if none started."""
        ordered = sorted(self.waits_s)
        return ordered[max(0, round(quantile * len(ordered)) - 1)] if ordered else 0.0


class _Kind(IntEnum):
    ARRIVE = 0
    READY = 1
    FINISH = 2
    DECIDE = 3
    TICK = 4


@dataclass(slots=True)
class _Worker:
    id: str
    born_s: float
    ready: bool = False
    active: int = 0


@dataclass(slots=True)
class _Play:
    """The mutable state of one play; ends with ``outcome``."""

    policy: Policy
    plant: Plant
    events: list[tuple[float, _Kind, int, object]] = field(default_factory=list)
    queue: deque[Job] = field(default_factory=deque)
    workers: dict[str, _Worker] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    runs: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_RUNS))
    waits: list[float] = field(default_factory=list)
    changes: list[tuple[float, Decision]] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    worker_s: float = 0.0
    work_s: float = 0.0
    peak: int = 0
    arrived_s: float | None = None
    decision_due: bool = False

    def at(self, when_s: float, kind: _Kind, what: object = None) -> None:
        """Plan an event; those after the end of the play never happen."""
        if when_s <= self.plant.until_s:
            heapq.heappush(self.events, (when_s, kind, next(self.numbers), what))

    def happen(self, now_s: float, kind: _Kind, what: object) -> None:
        """Apply one event."""
        match what:
            case Job():
                self.queue.append(what)
                self.arrived_s = now_s
            case _Worker() if kind is _Kind.READY:
                what.ready = True
            case _Worker():
                what.active -= 1
            case _:
                self.think(now_s, kind)
                return
        self.hand_out(now_s)
        if not self.decision_due:
            self.decision_due = True
            self.at(now_s + self.plant.delay_s, _Kind.DECIDE)

    def hand_out(self, now_s: float) -> None:
        """Start queued jobs on free slots."""
        for worker in self.workers.values():
            while self.queue and worker.ready and worker.active < self.policy.slots:
                job = self.queue.popleft()
                worker.active += 1
                self.waits.append(now_s - job.arrive_s)
                self.runs.append(job.run_s)
                self.work_s += min(job.run_s, self.plant.until_s - now_s)
                self.at(now_s + job.run_s, _Kind.FINISH, worker)

    def think(self, now_s: float, kind: _Kind) -> None:
        """One turn of the scaling loop."""
        if kind is _Kind.TICK:
            self.at(now_s + self.plant.tick_s, _Kind.TICK)
        else:
            self.decision_due = False
        decision = decide(self.look(now_s), self.policy, self.memory, now_s=now_s)
        self.memory = decision.memory
        if decision.replicas != decision.previous:
            self.changes.append((now_s, decision))
        self.start(decision.replicas - decision.previous, now_s)
        self.stop(decision.victims, now_s)

    def look(self, now_s: float) -> Observation:
        """What the scaling loop of this world sees."""
        running = sum(worker.active for worker in self.workers.values())
        oldest_s = now_s - self.queue[0].arrive_s if self.queue else 0.0
        return Observation(
            queue=QueueSight(waiting=len(self.queue), running=running, oldest_wait_s=oldest_s),
            replicas=len(self.workers),
            busy=sum(worker.active > 0 for worker in self.workers.values()),
            starting=sum(not worker.ready for worker in self.workers.values()),
            last_arrival_s=self.arrived_s,
            p50_run_s=statistics.median(self.runs) if self.runs else 0.0,
            dependencies=self.plant.dependencies,
        )

    def start(self, count: int, now_s: float) -> None:
        """Start workers."""
        for _ in range(count):
            worker = _Worker(f"w{next(self.numbers)}", now_s)
            self.workers[worker.id] = worker
            self.at(now_s + self.plant.start_s, _Kind.READY, worker)
        self.peak = max(self.peak, len(self.workers))

    def stop(self, count: int, now_s: float) -> None:
        """Take idle workers away."""
        sights = (WorkerSight(w.id, w.born_s, w.ready, w.active) for w in self.workers.values())
        for name in choose_victims(sights, count=count):
            gone_s = min(now_s + self.plant.stop_s, self.plant.until_s)
            self.worker_s += gone_s - self.workers.pop(name).born_s

    def outcome(self) -> Outcome:
        """Close the books."""
        alive_s = sum(self.plant.until_s - worker.born_s for worker in self.workers.values())
        return Outcome(
            waits_s=tuple(self.waits),
            worker_s=self.worker_s + alive_s,
            work_s=self.work_s,
            peak=self.peak,
            unstarted=len(self.queue),
            changes=tuple(self.changes),
        )


def simulate(jobs: Sequence[Job], policy: Policy, plant: Plant) -> Outcome:
    """Play all jobs from no workers to ``plant.until_s``."""
    play = _Play(policy, plant)
    play.at(0.0, _Kind.TICK)
    for job in jobs:
        play.at(job.arrive_s, _Kind.ARRIVE, job)
    while play.events:
        now_s, kind, _, what = heapq.heappop(play.events)
        play.happen(now_s, kind, what)
    return play.outcome()


def bursts(
    *, runs_s: Sequence[float], count: int, every_s: float, first_s: float = 0.0
) -> list[Job]:
    """``count`` bursts ``every_s`` apart, each of one job per entry of ``runs_s``."""
    return [Job(first_s + number * every_s, run_s) for number in range(count) for run_s in runs_s]
