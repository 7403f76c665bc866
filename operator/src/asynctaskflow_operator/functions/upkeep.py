"""What Functions need from time to time: lost leases, old tasks, edited objects, specs that others have overwritten."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import AsyncTaskFlowError, QueueUnavailable
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow.taskqueue.retention import retention
from asynctaskflow_operator.events import EventKind, Events
from asynctaskflow_operator.functions.book import Book, Managed
from asynctaskflow_operator.functions.reconcile import FunctionReconciler, essence
from asynctaskflow_operator.kube.port import KubeError
from asynctaskflow_operator.manifests.worker import FUNCTION_LABEL

REAP_EVERY_S = 1.0
PURGE_EVERY_S = 10.0
PURGE_ASLEEP_EVERY_S = 120.0
REGISTER_EVERY_S = 10.0
RESTORE_AGAIN_S = 1.0

log = structlog.get_logger()


class FunctionUpkeep:
    """Periodic work for all Functions; each part goes on when another one fails."""

    def __init__(
        self,
        book: Book,
        *,
        queue: RedisQueue,
        reconciler: FunctionReconciler,
        events: Events,
        clock: Clock,
    ) -> None:
        """Nothing happens before ``run``."""
        self._book = book
        self._queue = queue
        self._reconciler = reconciler
        self._events = events
        self._clock = clock
        self._broken: set[str] = set()
        self._news = asyncio.Event()
        self._purged_s: dict[str, float] = {}

    def touched(self, live: Mapping[str, Any], *, deleted: bool) -> None:
        """An object of a Function has changed or is gone: restore it if that was somebody else."""
        name = live["metadata"].get("labels", {}).get(FUNCTION_LABEL, "")
        one = self._book.get(name)
        applied = one.workers.applied.get(str(live.get("kind"))) if one else None
        if one is None or one.deleting or applied is None:
            return
        if deleted or essence(dict(live)) != applied:
            self._broken.add(name)
            self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._restore())
            group.create_task(self._each(self._reap, every_s=REAP_EVERY_S))
            group.create_task(self._each(self._purge, every_s=PURGE_EVERY_S))
            group.create_task(self._each(self._register, every_s=REGISTER_EVERY_S))

    async def _restore(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            broken, self._broken = self._broken, set()
            for name in broken:
                one = self._book.get(name)
                if one is None or one.deleting:
                    continue
                try:
                    await self._reconciler.restore(one)
                except KubeError as error:
                    log.warning("not_restored", function=name, error=str(error))
                    self._broken.add(name)
                else:
                    message = "somebody changed or deleted an object of this Function"
                    self._events.post(name, EventKind.WARNING, "Restored", message)
            if self._broken:
                await asyncio.sleep(RESTORE_AGAIN_S)
                self._news.set()

    async def _each(self, work: Any, *, every_s: float) -> None:
        while True:
            for one in self._book:
                try:
                    await work(one)
                except AsyncTaskFlowError as error:
                    log.warning("upkeep_postponed", function=one.name, error=str(error))
                    if isinstance(error, QueueUnavailable):
                        break
            await asyncio.sleep(every_s)

    async def _reap(self, one: Managed) -> None:
        """Take back what lost workers held; where nothing runs there is nothing to lose."""
        if one.spec is None or one.depths is None or one.sleeps:
            return
        await self._queue.reap(one.name, max_deliveries=one.spec.queue.max_deliveries)

    async def _purge(self, one: Managed) -> None:
        now_s = self._clock.mono_s()
        due_s = PURGE_ASLEEP_EVERY_S if one.sleeps else 0.0
        if one.spec is None or now_s - self._purged_s.get(one.name, -due_s) < due_s:
            return
        self._purged_s[one.name] = now_s
        await self._queue.purge(one.name, **retention(one.spec.history))

    async def _register(self, one: Managed) -> None:
        """A worker of an older version may have written back a spec that it read before the last change."""
        if one.registered and not one.sleeps:
            await self._reconciler.register(one)
