"""What the operator counts, as Prometheus metrics named ``atf_operator_…``; holds no logic."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from asynctaskflow.scaling import Decision, Limit
from asynctaskflow_operator.kube.kinds import Kind


class OperatorGauges:
    """One registry of its own, so that two operators in one process do not share numbers."""

    def __init__(self) -> None:
        """All zero."""
        self._registry = CollectorRegistry()
        self._functions = self._gauge("functions", "Functions that are looked after.")
        self._leader = self._gauge("leader", "1: this operator acts; 0: it stands by.")
        self._shown = self._gauge("tasks_shown", "Task resources that exist.")
        self._skipped = self._counter(
            "tasks_not_shown", "REST tasks without a Task resource, by reason.", "reason"
        )
        self._writes = self._counter("api_writes", "Writes sent to the API server.", "verb", "kind")
        self._waiting = self._gauge("writes_waiting", "Writes that wait for the budget.")
        self._lag = self._gauge("write_lag_seconds", "How long the oldest due write has waited.")
        self._loop_age = self._gauge("loop_age_seconds", "Since the scaling loop's last look.")
        self._watch_age = self._gauge(
            "watch_age_seconds", "Since the API server's last watch event."
        )
        self._desired = self._gauge("scaling_desired_replicas", "Workers decided for.", "function")
        self._limited = self._gauge(
            "scaling_limited", "1: the rule that limits the number now.", "function", "limit"
        )
        self._changes = self._counter(
            "scaling_changes", "Changes of replicas.", "function", "limit"
        )
        self._strays = self._counter(
            "scaling_wrong_victims",
            "Pods that Kubernetes took instead of the idle ones.",
            "function",
        )

    def watch(
        self,
        *,
        writes_waiting: Callable[[], float],
        write_lag_s: Callable[[], float],
        loop_age_s: Callable[[], float],
        watch_age_s: Callable[[], float],
    ) -> None:
        """Ask these when the metrics are read."""
        self._waiting.set_function(writes_waiting)
        self._lag.set_function(write_lag_s)
        self._loop_age.set_function(loop_age_s)
        self._watch_age.set_function(watch_age_s)

    def wrote(self, verb: str, kind: Kind) -> None:
        """One API write was sent."""
        self._writes.labels(verb, kind.text).inc()

    def leads(self, *, leading: bool) -> None:
        """Whether this operator acts."""
        self._leader.set(leading)

    def shown(self, count: int) -> None:
        """Task resources that exist now."""
        self._shown.set(count)

    def not_shown(self, reason: str) -> None:
        """One REST task got no resource."""
        self._skipped.labels(reason).inc()

    def looked_after(self, count: int) -> None:
        """Functions now."""
        self._functions.set(count)

    def decided(self, function: str, decision: Decision) -> None:
        """A decision was made."""
        self._desired.labels(function).set(decision.replicas)
        for limit in Limit:
            self._limited.labels(function, limit).set(limit is decision.limited_by)
        if decision.acts and decision.replicas != decision.previous:
            self._changes.labels(function, decision.limited_by).inc()

    def wrong_victim(self, function: str) -> None:
        """Kubernetes took another pod than the idle one that was offered."""
        self._strays.labels(function).inc()

    def forget(self, function: str) -> None:
        """A function was deleted: its series end."""
        self._desired.remove(function)
        for limit in Limit:
            self._limited.remove(function, limit)

    def exposition(self) -> bytes:
        """Prometheus text."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"atf_operator_{name}", text, labels, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"atf_operator_{name}", text, labels, registry=self._registry)
