"""What a worker has done so far: for its record in Redis, its metrics and its log.

Written on the loop's thread only; others read single numbers.
"""

from collections import deque
from statistics import median

from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import Complete, Fail, HandBack, Settlement
from asynctaskflow.worker.execution import Execution

RECENT = 256


class Tally:
    """Counts of one worker."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        """All zero."""
        self.metrics = metrics
        self.claimed = 0
        self.completed = 0
        self.failed = 0
        self.stale_writes = 0
        self.results_abandoned = 0
        self._recent_s: deque[float] = deque(maxlen=RECENT)

    def took(self, number: int) -> None:
        """Tasks were claimed."""
        self.claimed += number
        self.metrics.claimed.inc(number)

    def ran(self, seconds: float) -> None:
        """An attempt ended, however."""
        self._recent_s.append(seconds)
        self.metrics.run_seconds.observe(seconds)

    def settled(self, settlements: list[tuple[Execution, Settlement]]) -> None:
        """Settlements that the queue has accepted."""
        completed = failed = dead = handed_back = 0
        for _, settlement in settlements:
            match settlement:
                case Complete():
                    completed += 1
                case Fail(to=to):
                    failed += 1
                    dead += to is TaskState.DLQ
                case HandBack():
                    handed_back += 1
        self.completed += completed
        self.failed += failed
        self.metrics.completed.inc(completed)
        self.metrics.failed.inc(failed)
        self.metrics.dead.inc(dead)
        self.metrics.handed_back.inc(handed_back)

    def refused(self) -> None:
        """A write was sent and the queue refused it: the lease was lost."""
        self.stale_writes += 1
        self.metrics.stale_writes.inc()

    def abandoned(self, number: int = 1) -> None:
        """Outcomes are not sent: their lease was lost before, or Redis stayed away to the end."""
        self.results_abandoned += number
        self.metrics.results_abandoned.inc(number)

    def p50_run_ms(self) -> float:
        """Median duration of the recent attempts, 0 if none."""
        recent = list(self._recent_s)
        return round(median(recent) * 1000, 3) if recent else 0.0
