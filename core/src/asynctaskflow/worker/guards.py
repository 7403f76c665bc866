"""Makes the guards that contexts hand out."""

import random
from collections.abc import Callable

from asynctaskflow.clock import Clock
from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.worker.context import Guard, GuardFactory


def guard_factory(
    client: AsyncRedis, *, clock: Clock, roll: Callable[[], float] = random.random
) -> GuardFactory:
    """Guards over Redis, each for one attempt, which never wait beyond its deadline."""
    # A worker whose function calls no dependency starts sooner and stays smaller without these.
    from asynctaskflow.dependencies import redis_dependencies  # noqa: PLC0415
    from asynctaskflow.dependencies.guard import DependencyGuard, Surroundings  # noqa: PLC0415

    dependencies = redis_dependencies.RedisDependencies(client)

    def guard(name: str, remaining_s: Callable[[], float]) -> Guard:
        return DependencyGuard(
            dependencies, name, Surroundings(clock=clock, roll=roll, remaining_s=remaining_s)
        )

    return guard
