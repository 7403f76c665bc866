"""Makes the guards that contexts hand out."""

import random
from collections.abc import Callable

from asynctaskflow.clock import Clock
from asynctaskflow.dependencies.guard import DependencyGuard, Surroundings
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.worker.context import Guard, GuardFactory


def guard_factory(
    client: AsyncRedis, *, clock: Clock, roll: Callable[[], float] = random.random
) -> GuardFactory:
    """Guards over Redis, each for one attempt, which never wait beyond its deadline."""
    dependencies = RedisDependencies(client)

    def guard(name: str, remaining_s: Callable[[], float]) -> Guard:
        return DependencyGuard(
            dependencies, name, Surroundings(clock=clock, roll=roll, remaining_s=remaining_s)
        )

    return guard
