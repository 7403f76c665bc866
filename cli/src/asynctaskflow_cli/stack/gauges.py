"""What the supervisor tells of itself to Prometheus and to probes; answered from memory, on loopback."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from asynctaskflow.clock import Clock
from asynctaskflow.scaling import Decision, Limit
from asynctaskflow.worker.probes import Probes, Verdict

STUCK_AFTER_S = 15.0  # a turn takes milliseconds, and with a Redis that hangs a few seconds
CRASH_LOOP = 2  # crashes at start in a row


@dataclass(frozen=True, slots=True)
class Crew:
    """One function's worker processes at one moment.

    Attributes:
        ready: those that take tasks; ``draining``: those that were told to go.
        restarts: workers that ended unasked since this process started.
        crashes: crashes at start in a row.
        backoff_s: until the next start.
    """

    ready: int
    draining: int
    restarts: int
    crashes: int
    backoff_s: float


class SupervisorGauges:
    """The metrics of one supervisor; every one but the last three has the label ``function``."""

    def __init__(self, clock: Clock, registry: CollectorRegistry | None = None) -> None:
        """Register all of them."""
        self._clock = clock
        self._registry = registry or CollectorRegistry()
        self._turned_s = clock.mono_s()
        self._blind = True
        self._restarts: dict[str, int] = {}
        self._desired = self._gauge("desired_replicas", "Workers that there should be.")
        self._running = self._gauge("running_replicas", "Workers that are meant to stay.")
        self._ready = self._gauge("ready_replicas", "Workers that take tasks.")
        self._draining = self._gauge("draining_replicas", "Workers told to finish and go.")
        self._backoff = self._gauge("start_backoff_seconds", "Until the next start after crashes.")
        self._looping = self._gauge("crash_loop", "1: workers keep ending right after their start.")
        self._limited = self._gauge(
            "limited_by", "1 for the rule that had the last word.", "limited_by"
        )
        self._changes = self._counter("scaling_decisions", "Changes decided.", "limited_by")
        self._ended = self._counter("worker_restarts", "Workers that ended unasked.")
        self._turns = Counter(
            "atf_supervisor_turns", "Looks at all functions.", registry=self._registry
        )
        self._sight = Gauge(
            "atf_supervisor_redis_up", "1: the last look reached Redis.", registry=self._registry
        )
        self._age = Gauge(
            "atf_supervisor_turn_age_seconds", "Since the last look.", registry=self._registry
        )
        self._age.set_function(self._turn_age_s)

    def turned(self, *, blind: bool) -> None:
        """A look at all functions has ended; ``blind``: Redis did not answer."""
        self._turned_s, self._blind = self._clock.mono_s(), blind
        self._turns.inc()
        self._sight.set(not blind)

    def decided(self, function: str, decision: Decision, crew: Crew) -> None:
        """A decision was made for a function whose workers are ``crew``."""
        self._desired.labels(function).set(decision.replicas)
        self._running.labels(function).set(decision.previous)
        self._ready.labels(function).set(crew.ready)
        self._draining.labels(function).set(crew.draining)
        self._backoff.labels(function).set(crew.backoff_s)
        self._looping.labels(function).set(crew.crashes >= CRASH_LOOP)
        for limit in Limit:
            self._limited.labels(function, limit).set(limit is decision.limited_by)
        if decision.acts and decision.replicas != decision.previous:
            self._changes.labels(function, decision.limited_by).inc()
        self._ended.labels(function).inc(crew.restarts - self._restarts.get(function, 0))
        self._restarts[function] = crew.restarts

    def probes(self) -> Probes:
        """The answers for a probe server."""
        return Probes(live=self._live, ready=self._is_ready, metrics=self._exposition)

    def _live(self) -> Verdict:
        age_s = self._turn_age_s()
        return Verdict(age_s < STUCK_AFTER_S, f"last look {age_s:.1f} s ago")

    def _is_ready(self) -> Verdict:
        if self._blind:
            return Verdict(good=False, reason="Redis does not answer: workers stay as they are")
        return self._live()

    def _turn_age_s(self) -> float:
        return self._clock.mono_s() - self._turned_s

    def _exposition(self) -> bytes:
        return generate_latest(self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        names = ["function", *labels]
        return Gauge(f"atf_supervisor_{name}", text, names, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        names = ["function", *labels]
        return Counter(f"atf_supervisor_{name}", text, names, registry=self._registry)
