"""What the API counts, for Prometheus: its own requests, and the queues as they are when asked.

Never labels by task or path: routes by their template. Depths are gauges of the shared truth, equal on every
replica: aggregate them with ``max``.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from asynctaskflow.dependencies.messages import DependencyState
from asynctaskflow.resilience.breaker import Status
from asynctaskflow.taskqueue.messages import QueueDepths

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
SECONDS = 1000


class ApiMeter:
    """The counters of one process."""

    def __init__(self, version: str) -> None:
        """Register everything."""
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "atf_http_requests",
            "Answers.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "atf_http_request_seconds",
            "Time to the first byte of the answer.",
            ["method", "route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._enqueued = self._counter("tasks_enqueued", "Tasks accepted by this process.")
        self._redriven = self._counter("tasks_redriven", "Tasks queued again by request.")
        self._cut = Counter("atf_sse_cut", "Streams ended: too slow.", registry=self.registry)
        self._reviews = Counter(
            "atf_token_reviews", "Of Kubernetes tokens.", ["outcome"], registry=self.registry
        )
        self.sse_active = Gauge("atf_sse_active", "Event streams now.", registry=self.registry)
        self._depth = self._gauge("queue_depth", "Tasks in a state.", "state")
        self._oldest = self._gauge("queue_oldest_age_seconds", "Age of the longest waiting task.")
        self._overdue = self._gauge(
            "oldest_overdue_lease_seconds", "Age of the oldest expired lease not taken back."
        )
        self._paused = self._gauge("queue_paused", "1: hands out nothing.")
        self._breaker = Gauge(
            "atf_breaker_state",
            "1 for the breaker's present state.",
            ["dependency", "state"],
            registry=self.registry,
        )
        info = Gauge("atf_build_info", "Always 1.", ["version"], registry=self.registry)
        info.labels(version).set(1)
        self._answer_of: dict[tuple[str, str, int], Counter] = {}
        self._seconds_of: dict[tuple[str, str], Histogram] = {}
        self._enqueued_of: dict[str, Counter] = {}

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"atf_{name}", text, ["function"], registry=self.registry)

    def _gauge(self, name: str, text: str, *more: str) -> Gauge:
        return Gauge(f"atf_{name}", text, ["function", *more], registry=self.registry)

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """One answer has begun."""
        counter = self._answer_of.get((method, route, status))
        if counter is None:
            counter = self._answers.labels(method, route, status)
            self._answer_of[(method, route, status)] = counter
        counter.inc()
        histogram = self._seconds_of.get((method, route))
        if histogram is None:
            histogram = self._seconds.labels(method, route)
            self._seconds_of[(method, route)] = histogram
        histogram.observe(seconds)

    def enqueued(self, function: str, number: int = 1) -> None:
        """Tasks were accepted."""
        counter = self._enqueued_of.get(function)
        if counter is None:
            counter = self._enqueued_of[function] = self._enqueued.labels(function)
        counter.inc(number)

    def redriven(self, function: str, number: int = 1) -> None:
        """Tasks were queued again."""
        self._redriven.labels(function).inc(number)

    def reviewed(self, outcome: str) -> None:
        """A token was asked for: ``accepted``, ``refused`` or ``unavailable``."""
        self._reviews.labels(outcome).inc()

    def exposition(
        self,
        depths: list[QueueDepths],
        dependencies: list[DependencyState],
        *,
        streams: int,
        cut: int,
    ) -> bytes:
        """All of it as Prometheus reads it."""
        for gauge in (self._depth, self._oldest, self._overdue, self._paused, self._breaker):
            gauge.clear()
        for one in depths:
            self._set_depths(one)
        for dependency in dependencies:
            for status in Status:
                here = float(dependency.breaker.status is status)
                self._breaker.labels(dependency.name, str(status)).set(here)
        self.sse_active.set(streams)
        self._cut.reset()
        self._cut.inc(cut)
        return generate_latest(self.registry)

    def _set_depths(self, one: QueueDepths) -> None:
        for state, count in one.states.items():
            self._depth.labels(one.function, str(state)).set(count)
        self._oldest.labels(one.function).set(one.oldest_pending_ms / SECONDS)
        self._overdue.labels(one.function).set(one.overdue_lease_ms / SECONDS)
        self._paused.labels(one.function).set(float(one.paused))
