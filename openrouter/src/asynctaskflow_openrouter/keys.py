"""Every Redis key of this package is built here and nowhere else.

``{openrouter}`` is a hash tag: the scripts touch several of these keys at once, so they must live in one
slot of a Redis Cluster. Dates are UTC and come from Redis ``TIME``; scripts append them to a prefix.
"""

STATE = "{openrouter}:state"
"""Hash, 10 min after the last write: what is known of the service (`service` lists the fields)."""

LOCK = "{openrouter}:state:lock"
"""String with TTL: the owner token of the one check that runs."""

CREDITS = "{openrouter}:credits"
"""Hash: balance, usage, limit, limit_remaining, total_credits, total_usage, last_updated."""

METRICS_PREFIX = "{openrouter}:metrics:"
"""Prefix of hashes kept 30 days: counters of one UTC day."""

WORKER_ERRORS_PREFIX = "{openrouter}:worker_errors:"
"""Prefix of lists of at most 1000, newest first, kept 7 days: failed calls of one UTC day as JSON."""


def metrics(date: str) -> str:
    """The counters of one UTC day, ``YYYY-MM-DD``."""
    return f"{METRICS_PREFIX}{date}"


def worker_errors(date: str) -> str:
    """The failed calls of one UTC day, ``YYYY-MM-DD``."""
    return f"{WORKER_ERRORS_PREFIX}{date}"


def report(nonce: str) -> str:
    """String with a TTL of one minute: this report was counted, a resent one is not."""
    return f"{{openrouter}}:report:{nonce}"
