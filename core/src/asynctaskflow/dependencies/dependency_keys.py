"""The keys of one dependency in the order that ``lua/prelude/1_names.lua`` names them; all in one slot."""

from functools import lru_cache

from asynctaskflow.model import keys


@lru_cache(maxsize=1024)
def dependency_keys(name: str) -> tuple[str, ...]:
    """Spec, breaker, limit, bucket, then what hangs on them: probe permits, transitions, waiting line, days."""
    breaker, bucket = keys.circuit_breaker(name), keys.rate_limit_bucket(name)
    return (
        keys.dependency(name),
        breaker,
        keys.rate_limit_config(name),
        bucket,
        f"{breaker}:probes",
        f"{breaker}:history",
        f"{bucket}:line",
        f"{breaker}:days",
    )


def history_key(name: str) -> str:
    """List, newest first, bounded: ``<ms>|<from>|<to>|<reason>`` of each transition."""
    return dependency_keys(name)[5]


def days_key(name: str) -> str:
    """Hash with TTL: ``<day>:calls``, ``<day>:failed``, ``<day>:e:<error class>``; days since the epoch, UTC."""
    return dependency_keys(name)[7]


def call_keys(name: str, nonce: str) -> tuple[str, ...]:
    """The shared keys and the grant of one call."""
    return (*dependency_keys(name), keys.rate_limit_grant(name, nonce))
