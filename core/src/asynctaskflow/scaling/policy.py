"""The rules of one function's scaling, read once from its manifest."""

from dataclasses import dataclass

from asynctaskflow.model.function import FunctionSpec, Scaling
from asynctaskflow.scaling.cron import Cron

DEFAULT_LEAD_S = 3.0  # a pod or process is up by then, so a scheduled task starts when it is due
PANIC_WAIT_S = 6.0  # Knative's panic window: a tenth of its stable window of 60 s
PANIC_FACTOR = 2.0  # Knative's panic threshold: 200 % of what runs
PROBER_STAYS_S = 60.0  # while a breaker is open, one worker stays if a task is due within this time
# Workers that take longer to start wait for something else than for each other, such as for a node.
START_PATIENCE_S = 2.0
RAMP_SECONDS = 2.0  # after an outage workers double no more often than this


@dataclass(frozen=True, slots=True)
class Warm:
    """A parsed warm window."""

    cron: Cron
    duration_s: float
    replicas: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``decide`` obeys.

    Attributes:
        scaling: the manifest's ``scaling``.
        slots: tasks that one worker runs at once.
        warm: the manifest's warm windows, parsed.
        lead_s: how far ahead a scheduled task counts as demand.
        forced: workers that a person asks for, whatever the queue says; ``None``: nobody does.
    """

    scaling: Scaling
    slots: int = 1
    warm: tuple[Warm, ...] = ()
    lead_s: float = DEFAULT_LEAD_S
    forced: int | None = None

    @classmethod
    def of(cls, spec: FunctionSpec, *, lead_s: float = DEFAULT_LEAD_S) -> "Policy":
        """The policy of a manifest.

        Raises:
            ValueError: a warm window's cron expression is not one.
        """
        warm = tuple(
            Warm(Cron.parse(window.cron), window.duration_seconds, window.replicas)
            for window in spec.scaling.warm
        )
        return cls(spec.scaling, spec.concurrency.slots_per_worker, warm, lead_s, spec.replicas)

    @property
    def tasks_per_worker(self) -> int:
        """Demand that one worker is given."""
        return self.scaling.target.tasks_per_worker or self.slots

    def warm_replicas(self, now_s: float) -> int:
        """The highest minimum of the warm windows that are open now, 0 if none is."""
        return max((warm.replicas for warm in self.warm if _is_open(warm, now_s)), default=0)


def _is_open(warm: Warm, now_s: float) -> bool:
    return warm.cron.last_match_s(now_s=now_s, within_s=warm.duration_s) is not None
