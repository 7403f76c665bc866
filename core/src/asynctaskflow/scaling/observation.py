"""What scaling looks at: one function's queue, workers and dependencies at one moment.

Built by an adapter (the local stack, the operator, the simulator); holds no rule.
"""

from dataclasses import dataclass
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class QueueSight:
    """The function's queue.

    Attributes:
        waiting: tasks that a worker could start now.
        due_soon: scheduled tasks due within ``Policy.lead_s``.
        running: tasks under a lease.
        next_due_s: seconds until the earliest scheduled task is due; ``None`` if there is none.
        oldest_wait_s: age of the task that has waited longest, 0 if none.
        paused: nothing is handed out.
    """

    waiting: int = 0
    due_soon: int = 0
    running: int = 0
    next_due_s: float | None = None
    oldest_wait_s: float = 0.0
    paused: bool = False

    @property
    def demand(self) -> int:
        """Backlog, due soon and running."""
        return self.waiting + self.due_soon + self.running


@dataclass(frozen=True, slots=True)
class DependencySight:
    """One external service that the function calls.

    Attributes:
        limit_per_s: calls per second that all workers together may send; ``None``: not limited.
        waiting: calls that stand in line for the limiter now.
    """

    name: str
    breaker: BreakerState = "closed"
    limit_per_s: float | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that one decision is made from, beside policy, memory and time.

    Attributes:
        queue: ``None`` when it could not be read, which is not the same as empty.
        replicas: workers asked for at present, those that still start included, draining ones not.
        busy: of those, workers that hold at least one lease.
        p50_run_s: median time that a task keeps its slot, 0 if not known.
        last_arrival_s: when a task last joined the queue (epoch), if the caller knows. Closes the
            gap of a task that came and went between two looks, and tells a burst's end from a lull.
        starting: of the replicas, those that are not up yet.
    """

    queue: QueueSight | None
    replicas: int = 0
    busy: int = 0
    p50_run_s: float = 0.0
    last_arrival_s: float | None = None
    dependencies: tuple[DependencySight, ...] = ()
    starting: int = 0
