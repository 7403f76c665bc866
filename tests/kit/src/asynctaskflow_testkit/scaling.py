"""Observations and policies for tests of the scaling decision, and a loop that feeds it its own memory."""

from dataclasses import replace
from typing import Any

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.scaling import (
    Decision,
    DependencySight,
    Memory,
    Observation,
    Policy,
    QueueSight,
    decide,
)

NOON_S = 1_795_435_200.0  # Monday 23 November 2026, 12:00 UTC

OPEN = (DependencySight("llm", breaker="open"),)

HALF_OPEN = (DependencySight("llm", breaker="half_open"),)
LIMIT_10 = (DependencySight("llm", limit_per_s=10), DependencySight("db", limit_per_s=50))


def policy(*, slots: int = 1, warm: tuple[tuple[str, int], ...] = (), **scaling: Any) -> Policy:
    """A function's policy, idle after 15 s; any number of workers may start at once.

    Args:
        warm: (cron, replicas) of windows of an hour.
        scaling: fields of the resource's ``scaling``, by their names there.
    """
    windows = [{"cron": cron, "durationSeconds": 3600, "replicas": count} for cron, count in warm]
    up = {"maxStarting": 0, **scaling.pop("up", {})}
    fields = {"idleSeconds": 15, **scaling, "up": up, "warm": windows}
    spec = FunctionSpec.model_validate(
        {"handler": "m:f", "concurrency": {"slotsPerWorker": slots}, "scaling": fields}
    )
    return Policy.of(spec)


def seen(
    waiting: int = 0,
    running: int = 0,
    *,
    replicas: int = 0,
    busy: int = 0,
    run_s: float = 0.0,
    dependencies: tuple[DependencySight, ...] = (),
    due_soon: int = 0,
    next_due_s: float | None = None,
    oldest_wait_s: float = 0.0,
    paused: bool = False,
) -> Observation:
    """What one look at a queue and its workers has found; nothing, unless said."""
    sight = QueueSight(waiting, due_soon, running, next_due_s, oldest_wait_s, paused)
    return Observation(sight, replicas, busy, run_s, None, dependencies)


def first(observation: Observation, rules: Policy, *, now_s: float = NOON_S) -> Decision:
    """The decision of a loop that remembers nothing."""
    return decide(observation, rules, Memory(), now_s=now_s)


class ScalingLoop:
    """Feeds each decision's memory and number into the next."""

    def __init__(self, rules: Policy) -> None:
        """No replicas, nothing remembered."""
        self.rules = rules
        self.memory = Memory()
        self.replicas = 0

    def at(self, offset_s: float, observation: Observation) -> Decision:
        """Decide so many seconds after noon, with the replicas of the last decision."""
        observation = replace(observation, replicas=self.replicas)
        decision = decide(observation, self.rules, self.memory, now_s=NOON_S + offset_s)
        self.memory, self.replicas = decision.memory, decision.replicas
        return decision
