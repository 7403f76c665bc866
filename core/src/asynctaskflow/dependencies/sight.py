"""A dependency as the scaling decision sees it."""

from asynctaskflow.dependencies.messages import DependencyState
from asynctaskflow.scaling import DependencySight


def sight(state: DependencyState) -> DependencySight:
    """One dependency in the terms of scaling."""
    limiter = state.limiter
    per_s = limiter.requests * 1000 / limiter.interval_ms if limiter.interval_ms else None
    return DependencySight(state.name, state.breaker.effective, per_s, limiter.waiting)
