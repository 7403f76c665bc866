"""The Task side of the operator in one object: what the watch shows goes in here, and so do Redis' events.

Both only note; what is to be done is done by the loops that ``run`` starts.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.clock import Clock
from asynctaskflow.model.task import TERMINAL, TaskId, TaskState
from asynctaskflow.taskqueue.messages import Event
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.kube.port import Kube
from asynctaskflow_operator.rules.task_intent import TaskSight, Verdict, sight
from asynctaskflow_operator.settings import OperatorSettings
from asynctaskflow_operator.tasks.book import Entry, TaskBook
from asynctaskflow_operator.tasks.farewell import Farewell
from asynctaskflow_operator.tasks.gallery import Gallery, Shown
from asynctaskflow_operator.tasks.ground import TaskGround
from asynctaskflow_operator.tasks.intake import Intake
from asynctaskflow_operator.tasks.lookup import FunctionLookup
from asynctaskflow_operator.tasks.projector import Projector, status_key
from asynctaskflow_operator.tasks.resync import Resync
from asynctaskflow_operator.tasks.retention import Retention
from asynctaskflow_operator.tasks.strays import Strays

DELETED = "DELETED"
STATES = frozenset(TaskState.__members__)


class TaskDesk:
    """All Task resources of the namespace."""

    def __init__(
        self,
        *,
        kube: Kube,
        outbox: Outbox,
        queue: RedisQueue,
        blobs: BlobStore,
        functions: FunctionLookup,
        clock: Clock,
        settings: OperatorSettings,
        gauges: OperatorGauges,
    ) -> None:
        """Register as the deliverer of everything that is written about tasks; nothing is sent before ``run``."""
        self._book = book = TaskBook()
        self._outbox = outbox
        self._functions = functions
        self._clock = clock
        ground = TaskGround(
            book=book,
            kube=kube,
            outbox=outbox,
            queue=queue,
            blobs=blobs,
            functions=functions,
            clock=clock,
            gauges=gauges,
            resources_max=settings.task_resources_max,
            writes_burst=settings.writes_burst,
        )
        self._farewell = Farewell(queue, clock)
        self._projector = projector = Projector(ground, gone=self._gone)
        self._intake = intake = Intake(ground, projector=projector, farewell=self._farewell)
        self._resync = Resync(ground, intake=intake, projector=projector)
        self._gallery = Gallery(ground, projector=projector)
        self._retention = Retention(ground)
        self._strays = Strays(ground, farewell=self._farewell)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run())
            group.create_task(self._farewell.run())
            group.create_task(self._resync.run())
            group.create_task(self._gallery.run())
            group.create_task(self._retention.run())
            group.create_task(self._strays.run())

    def __len__(self) -> int:
        return len(self._book)

    def seen(self, event_type: str | None, body: Mapping[str, Any]) -> None:
        """What the watch shows of a resource; ``None`` as type: it was there before. Our own writes cause no work."""
        seen = sight(body)
        if event_type == DELETED:
            self._gone(seen)
            return
        entry, before = self._book.put(seen)
        if before is None:
            wishes = seen.redrives > seen.obeyed
            if not seen.ended or wishes:
                self._intake.look(seen.name, body)
            return
        entry.sight = _newest(before, seen)
        if seen.generation > before.generation:
            self._intake.look(seen.name, body)

    def note(self, event: Event) -> None:
        """One transition of a task."""
        if event.kind == "progress" or not event.uuid:
            return
        names = self._book.of_task(f"{event.function}-{event.uuid}")
        for name in names:
            entry = self._book.get(name)
            if entry is not None:
                self._tell(entry, event)
        if not names and event.new in STATES:
            task_id, new = TaskId(event.function, event.uuid), event.kind == "enqueued"
            self._gallery.note(task_id, TaskState(event.new), new=new)

    def missed(self, function: str, *, since_ms: int) -> None:
        """Transitions since then may be unknown."""
        self._gallery.missed(function, since_ms=since_ms)
        self._resync.missed(function)

    def opened(self, function: str) -> None:
        """A Function takes tasks now: those that wait for it are submitted, strays of it are cancelled."""
        self._intake.wake(function, most=len(self._book))
        self._strays.look_at(function)

    async def end_all(self, function: str) -> None:
        """A Function is gone, and so are its tasks: resources that show no end are ended."""
        for entry in self._book.of_function(function):
            if not entry.over and not (entry.verdict and entry.verdict.state in TERMINAL):
                self._projector.judge(entry, self._end_of(entry, at_ms=self._clock.wall_ms()))
        self._gallery.forget(function)

    def shown(self, function: str) -> Shown:
        """What a Function's status says about its Task resources."""
        return self._gallery.shown(function)

    def _tell(self, entry: Entry, event: Event) -> None:
        if event.kind == "deleted":
            if not entry.over and entry.verdict is None:
                self._projector.judge(entry, self._end_of(entry, at_ms=event.at_ms))
        elif event.new in STATES:
            entry.told = TaskState(event.new)
            self._projector.show(entry)

    def _end_of(self, entry: Entry, *, at_ms: int) -> Verdict:
        """What a resource shows whose task has left Redis unseen."""
        if entry.told in TERMINAL and entry.told is not None:
            return Verdict(
                entry.told, "Deleted", "its record was deleted before it was read", at_ms
            )
        function = entry.sight.function
        if not self._functions.is_open(function):
            message = f"Function {function} was deleted before this task had ended"
            return Verdict(TaskState.FAILED, "FunctionDeleted", message, at_ms)
        return Verdict(TaskState.CANCELLED, "Deleted", "the task was deleted over REST", at_ms)

    def _gone(self, seen: TaskSight) -> None:
        """A resource was deleted: its task ends with it, unless it has ended."""
        entry = self._book.remove(seen.name, uid=seen.uid)
        if entry is not None:
            self._intake.forget(entry.sight)
            self._outbox.drop(status_key(seen.name))
        if not seen.ended and not (entry and entry.sight.ended):
            self._farewell.cancel(seen.task_id)


def _newest(before: TaskSight, seen: TaskSight) -> TaskSight:
    """What is known of a resource after another look at it; what was obeyed stays obeyed."""
    if seen.obeyed >= before.obeyed:
        return seen
    return replace(seen, obeyed=before.obeyed)
