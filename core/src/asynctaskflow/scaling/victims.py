"""Which workers go at a scale-down: idle ones only, never one with a task."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerSight:
    """One worker.

    Attributes:
        ready: one that still starts has nothing to lose.
        reported: it has said that it is up, which a readiness probe tells a second later.
        active: tasks under its lease.
        draining: it claims nothing more and is going already.
    """

    id: str
    started_s: float
    ready: bool = True
    active: int = 0
    draining: bool = False
    reported: bool = False


def choose_victims(workers: Iterable[WorkerSight], *, count: int) -> tuple[str, ...]:
    """At most ``count`` ids: those still starting first, then the youngest, whose caches are coldest."""
    idle = [worker for worker in workers if not worker.active and not worker.draining]
    idle.sort(key=lambda worker: (worker.ready, -worker.started_s, worker.id))
    return tuple(worker.id for worker in idle[: max(0, count)])
