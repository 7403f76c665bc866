"""The verdicts of the probes, from ages."""

from dataclasses import dataclass

STUCK_AFTER_S = 60.0
DEAF_AFTER_S = 120.0  # bookmarks come every minute, and our own renewals far more often
SILENT_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds since the last signs of life.

    Attributes:
        write_s: since the API server last took a write; ``None``: never yet.
    """

    leading: bool
    loop_s: float
    watch_s: float
    write_s: float | None
    redis_away: bool


def live(ages: Ages) -> tuple[bool, str]:
    """Whether a restart would help: the loop is stuck, or writes arrive and watches show nothing."""
    if ages.loop_s > STUCK_AFTER_S:
        return False, f"the scaling loop has not looked for {ages.loop_s:.0f} s"
    reachable = ages.write_s is not None and ages.write_s < SILENT_AFTER_S
    if ages.leading and reachable and ages.watch_s > DEAF_AFTER_S:
        return False, f"writes arrive, but no watch event for {ages.watch_s:.0f} s"
    return True, f"last look {ages.loop_s:.1f} s ago, last watch event {ages.watch_s:.1f} s ago"


def ready(ages: Ages, *, waiting_for: str) -> tuple[bool, str]:
    """Whether it acts now."""
    if not ages.leading:
        return False, waiting_for
    if ages.redis_away:
        return False, "Redis does not answer: workers stay as they are"
    if ages.write_s is None or ages.write_s > SILENT_AFTER_S:
        return False, "the API server does not answer: queues and workers go on, status waits"
    return live(ages)
