"""How long a task of a killed worker waits for its second start. All systems at once, each in a database of its own.

The queue is quiet: nothing else is enqueued. A worker that has shown that it works runs the task, is killed
with SIGKILL a second later, and a fresh worker is started in the same moment. The trials begin one after the
other, since some peers start a task again that has merely run for the time of a lease.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import RECOVERY_S, Figures
from benchmarks.processes import Crew
from benchmarks.settings import Place
from benchmarks.systems import System
from benchmarks.witness import Ear, NotSeenError, Start

STARTED_WITHIN_S = 30.0
RUNS_BEFORE_KILL_S = 1.0
DATABASES = 16


@dataclass(slots=True)
class Trial:
    """One system's task: started, then orphaned at ``killed_s`` (monotonic)."""

    system: System
    crew: Crew
    ear: Ear
    killed_s: float = 0.0

    def prepare(self) -> None:
        """Start the first worker."""
        self.crew.hire()

    def orphan(self) -> None:
        """Have the task started, kill the worker, start a fresh one."""
        self._start("report")
        self._start("hold")
        time.sleep(RUNS_BEFORE_KILL_S)
        victim = self.crew.workers[-1]
        self.killed_s = time.monotonic()
        victim.kill()
        self.crew.hire()

    def _start(self, what: str) -> None:
        self.crew.producer.order(what)
        if self.ear.next(STARTED_WITHIN_S) is None:
            raise NotSeenError(f"{self.system.name}: its task does not start: {self.crew.logs()}")

    def second_start(self, limit_s: float) -> Start | None:
        """The second start, if it comes within the limit after the kill."""
        return self.ear.next(self.killed_s + limit_s - time.monotonic())


def measure(
    systems: Sequence[System],
    url: str,
    folder: Path,
    figures: Figures,
    *,
    lease_s: int,
    limit_s: float,
) -> None:
    """One trial of each system; ``None`` is added for those not back in time."""
    with ExitStack() as stack:
        trials = [
            _prepare(system, f"{url.rpartition('/')[0]}/{number}", folder, stack, lease_s=lease_s)
            for number, system in enumerate(systems[:DATABASES])
        ]
        for trial in trials:
            trial.prepare()
        for trial in trials:
            trial.orphan()
        for trial in trials:
            start = trial.second_start(limit_s)
            figures.add(
                RECOVERY_S, trial.system.name, start.started_s - trial.killed_s if start else None
            )


def _prepare(system: System, url: str, folder: Path, stack: ExitStack, *, lease_s: int) -> Trial:
    ear = Ear()
    stack.callback(ear.close)
    own = folder / system.name
    counts = own / "counts"
    counts.mkdir(parents=True, exist_ok=True)
    where = Place(url, counts, ear.port, lease_s, recovery=True)
    crew = stack.enter_context(Crew(system, where=where, folder=own))
    return Trial(system, crew, ear)
