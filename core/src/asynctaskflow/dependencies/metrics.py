"""What this process did with dependencies, for Prometheus; the shared totals are in ``DependencyState``."""

from prometheus_client import Counter

GRANTS = Counter("limiter_grants", "Calls let through by limiter and breaker.", ["dependency"])
THROTTLED = Counter(
    "limiter_throttled", "Calls that waited for tokens or were handed back.", ["dependency"]
)
REFUSED = Counter("breaker_refused", "Calls not made because the breaker is open.", ["dependency"])
PROBES = Counter("breaker_probes", "Calls that decided whether to close again.", ["dependency"])
TRANSITIONS = Counter(
    "breaker_transitions", "Transitions that this process caused.", ["dependency", "to"]
)
LOST_REPORTS = Counter(
    "breaker_lost_reports", "Ends of calls that Redis was not there to count.", ["dependency"]
)
