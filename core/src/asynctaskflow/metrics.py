"""All Prometheus metrics of core, in one place; docs/internals.md lists them.

Owned by an object and a registry, not by the module: two workers in one test process do not mix.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RUN_BUCKETS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class WorkerMetrics:
    """What one worker counts; every metric has the label ``function``."""

    def __init__(self, function: str, registry: CollectorRegistry | None = None) -> None:
        """Register all metrics with their label bound."""
        self.registry = registry or CollectorRegistry()
        self._function = function
        self.claimed = self._counter("tasks_claimed", "Tasks claimed.")
        self.completed = self._counter("tasks_completed", "Tasks settled with a result.")
        self.failed = self._counter("tasks_failed", "Attempts settled without a result.")
        self.dead = self._counter("tasks_dead", "Tasks sent to the dead-letter queue.")
        self.handed_back = self._counter("tasks_handed_back", "Tasks returned, no attempt burned.")
        self.stale_writes = self._counter(
            "stale_writes_rejected", "Settlements sent and refused: the lease was lost."
        )
        self.results_abandoned = self._counter(
            "results_abandoned", "Outcomes never sent: the worker knew that its lease was lost."
        )
        self.leases_expired = self._counter(
            "leases_expired", "Expired leases that this worker has taken back."
        )
        self.purged = self._counter("tasks_purged", "Old finished tasks deleted.")
        self.turns = self._counter("worker_turns", "Round trips to settle and claim.")
        self.redis_errors = self._counter("redis_errors", "Round trips that failed.")
        self.active = self._gauge("worker_active_tasks", "Tasks running now.")
        self.slots = self._gauge("worker_slots", "Tasks that may run at once.")
        self.ready = self._gauge("worker_ready", "1: claims tasks; 0: draining or Redis is away.")
        self.loop_age = self._gauge("worker_loop_age_seconds", "Since the event loop last moved.")
        self.run_seconds = Histogram(
            "atf_task_run_seconds",
            "Duration of an attempt.",
            ["function"],
            buckets=RUN_BUCKETS_S,
            registry=self.registry,
        ).labels(function)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"atf_{name}", text, ["function"], registry=self.registry).labels(
            self._function
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"atf_{name}", text, ["function"], registry=self.registry).labels(
            self._function
        )

    def exposition(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self.registry)
