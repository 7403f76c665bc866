"""The end of a Function: refuse new tasks, let accepted ones finish or fail them, leave nothing in Redis.

Its finalizer is held meanwhile. A Redis that stays away holds it no longer than the Function's own time limit.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.function import DeletionPolicy, OnDelete
from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_operator.events import EventKind, Events
from asynctaskflow_operator.functions.book import Book, Managed
from asynctaskflow_operator.kube.kinds import Kind

UNFINISHED = (TaskState.PENDING, TaskState.ACTIVE, TaskState.SCHEDULED)
REDIS_AWAY_S = 60.0  # Redis' absence alone ends the wait after this, or after the Function's limit if it is longer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Farewell:
    """Where the deletion of a Function stands; ``done``: the resource may go."""

    done: bool
    message: str


class FunctionDeletion:
    """Ends Functions.

    Args:
        end_tasks: ends the ``Task`` resources of a Function that is gone.
        forget: called once when a Function is gone for good.
    """

    def __init__(
        self,
        book: Book,
        *,
        queue: RedisQueue,
        events: Events,
        clock: Clock,
        end_tasks: Callable[[str], Awaitable[None]],
        forget: Callable[[str], None],
    ) -> None:
        """Nothing is sent yet."""
        self._book = book
        self._queue = queue
        self._events = events
        self._clock = clock
        self._end_tasks = end_tasks
        self._forget = forget

    async def step(self, one: Managed, body: Mapping[str, Any]) -> Farewell:
        """Do what can be done now; to be called again until it is done."""
        policy = one.spec.on_delete if one.spec else OnDelete()
        waited_s = self._clock.wall_ms() / 1000 - _deleted_s(body)
        try:
            farewell = await self._drain(one, policy, waited_s=waited_s)
        except QueueUnavailable as error:
            if waited_s < max(REDIS_AWAY_S, policy.timeout_seconds):
                return Farewell(done=False, message=f"waiting for Redis: {error}")
            log.warning("keys_left_behind", function=one.name, error=str(error))
            self._events.post(
                one.name, EventKind.WARNING, "KeysLeftBehind", f"Redis stayed away: {error}"
            )
            farewell = Farewell(done=True, message="its keys are left in Redis")
        if farewell.done:
            await self._end_tasks(one.name)
            self._forget(one.name)
            self._events.forget(Kind.FUNCTION, one.name)
            self._book.remove(one.name)
        return farewell

    async def _drain(self, one: Managed, policy: OnDelete, *, waited_s: float) -> Farewell:
        await self._queue.close(one.name)
        left = await self._left(one.name)
        drains = policy.tasks is DeletionPolicy.DRAIN and waited_s < policy.timeout_seconds
        if left and drains:
            return Farewell(done=False, message=f"{left} tasks finish first")
        while await self._queue.erase(one.name):
            pass
        return Farewell(done=True, message=f"{left} tasks were failed")

    async def _left(self, name: str) -> int:
        states = (await self._queue.depths(name)).states
        return sum(states[state] for state in UNFINISHED)


def _deleted_s(body: Mapping[str, Any]) -> float:
    stamp = body["metadata"]["deletionTimestamp"]
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
