"""Makes ``Task`` resources for tasks that came over REST: as the Function wishes, as far as etcd and the budget allow.

A resource is a view: made late or not at all, it changes nothing about its task.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import assert_never

import structlog

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.model.function import Visibility
from asynctaskflow.model.task import TERMINAL, TaskId, TaskState
from asynctaskflow.taskqueue.messages import TaskFilter
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Rank
from asynctaskflow_operator.kube.port import (
    KubeConflict,
    KubeRefused,
    KubeUnavailable,
    Manifest,
)
from asynctaskflow_operator.manifests.worker import FUNCTION_LABEL
from asynctaskflow_operator.rules.task_intent import sight
from asynctaskflow_operator.rules.visibility import (
    BAD_ENDS,
    LASTS_S,
    Room,
    Shortage,
    Showing,
    explanation,
    is_from_rest,
    shortage,
    showing,
)
from asynctaskflow_operator.tasks.ground import TaskGround
from asynctaskflow_operator.tasks.projector import Projector

LOOK_EVERY_S = 0.25
PAGE = 200
COUNTED_MAX = 10_000
MISSED_MAX = 1000  # of one kind and function; older ones are in Redis only

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a Function's status says about its Task resources."""

    shown: int = 0
    skipped: int = 0
    message: str = ""


class Gallery:
    """Decides per event, in constant time; makes resources through the outbox."""

    def __init__(self, ground: TaskGround, *, projector: Projector) -> None:
        """Register as the deliverer of new resources."""
        self._book = ground.book
        self._kube = ground.kube
        self._outbox = ground.outbox
        self._queue = ground.queue
        self._functions = ground.functions
        self._projector = projector
        self._clock = ground.clock
        self._gauges = ground.gauges
        self._resources_max = ground.resources_max
        self._writes_burst = ground.writes_burst
        self._lasting: dict[TaskId, tuple[float, TaskState]] = {}
        self._asked: dict[str, TaskState] = {}
        self._missed: dict[str, int] = {}
        self._skipped: Counter[str] = Counter()
        self._short: dict[str, Shortage] = {}
        self._counted: dict[str, None] = {}
        ground.outbox.route(Kind.TASK, "create", self._create)

    def note(self, task_id: TaskId, state: TaskState, *, new: bool) -> None:
        """A task without a resource has reached a state."""
        self._lasting.pop(task_id, None)
        spec = self._functions.spec(task_id.function)
        if spec is None or not is_from_rest(task_id.uuid):
            return
        name = str(task_id)
        if name in self._asked:
            self._asked[name] = state
        match showing(spec.visibility, state, new=new):
            case Showing.NOW:
                self._ask(task_id, state, spec.visibility)
            case Showing.IF_IT_LASTS:
                self._lasting[task_id] = (self._clock.mono_s() + LASTS_S, state)
            case Showing.NEVER_MIND:
                if spec.visibility is Visibility.AUTO and state in TERMINAL:
                    self._forget(name)
            case never:
                assert_never(never)

    def missed(self, function: str, *, since_ms: int) -> None:
        """Events since then are unknown: look for tasks to show."""
        self._missed[function] = min(since_ms, self._missed.get(function, since_ms))

    def shown(self, function: str) -> Shown:
        """Of one Function."""
        skipped = self._skipped[function]
        return Shown(
            self._book.count(function),
            skipped,
            explanation(skipped, self._short.get(function)),
        )

    def forget(self, function: str) -> None:
        """The Function is gone."""
        self._skipped.pop(function, None)
        self._short.pop(function, None)
        self._missed.pop(function, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._ask_for_lasting()
            try:
                await self._find_missed()
            except QueueUnavailable as error:
                log.warning("missed_tasks_unreadable", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def _ask_for_lasting(self) -> None:
        """The oldest stand first, since all wait equally long."""
        now_s = self._clock.mono_s()
        due: list[tuple[TaskId, TaskState]] = []
        for task_id, (due_s, state) in self._lasting.items():
            if due_s > now_s:
                break
            due.append((task_id, state))
        for task_id, state in due:
            del self._lasting[task_id]
            self._ask(task_id, state, Visibility.AUTO)

    def _ask(self, task_id: TaskId, state: TaskState, visibility: Visibility) -> None:
        name = str(task_id)
        if name in self._asked or self._book.of_task(name):
            return
        short = shortage(visibility, self._room())
        if short:
            self._skip(task_id, short)
            return
        self._asked[name] = state
        self._outbox.put(Key(Kind.TASK, "create", name), rank=Rank.CREATION)

    def _skip(self, task_id: TaskId, short: Shortage) -> None:
        """Count a task that is not shown, once, however often it might have been."""
        name = str(task_id)
        self._short[task_id.function] = short
        if name in self._counted:
            return
        self._counted[name] = None
        if len(self._counted) > COUNTED_MAX:
            del self._counted[next(iter(self._counted))]
        self._skipped[task_id.function] += 1
        self._gauges.not_shown(short)

    def _room(self) -> Room:
        """What is left once those that are asked for are made."""
        asked = len(self._asked)
        share_left = self._outbox.share_left() - asked / self._writes_burst
        return Room(share_left, len(self._book) + asked, self._resources_max)

    def _forget(self, name: str) -> None:
        if self._asked.pop(name, None) is not None:
            self._outbox.drop(Key(Kind.TASK, "create", name))

    async def _create(self, name: str) -> None:
        if name not in self._asked:
            return
        try:
            if not self._book.of_task(name):
                await self._make(name)
        except KubeUnavailable:
            raise  # still asked for: the outbox tries again
        except KubeRefused:
            self._asked.pop(name, None)
            raise
        self._asked.pop(name, None)

    async def _make(self, name: str) -> None:
        try:
            made = await self._kube.create(_manifest(TaskId.parse(name)))
        except KubeConflict:
            log.debug("task_is_shown_already", name=name)
            return
        entry, _ = self._book.put(sight(made))
        entry.told = self._asked.get(name)
        self._projector.show(entry)

    async def _find_missed(self) -> None:
        for function, since_ms in list(self._missed.items()):
            spec = self._functions.spec(function)
            if spec is not None:
                for state in sorted(BAD_ENDS):
                    where = TaskFilter(function, state, since_ms=since_ms)
                    async for task_id, found in self._tasks(where):
                        self._note_missed(task_id, found, new=False)
                if spec.visibility is Visibility.ALWAYS:
                    where = TaskFilter(function, since_ms=since_ms)
                    async for task_id, found in self._tasks(where):
                        self._note_missed(task_id, found, new=True)
            if self._missed.get(function) == since_ms:
                del self._missed[function]

    def _note_missed(self, task_id: TaskId, state: TaskState, *, new: bool) -> None:
        if not self._book.of_task(str(task_id)):
            self.note(task_id, state, new=new)

    async def _tasks(self, where: TaskFilter) -> AsyncIterator[tuple[TaskId, TaskState]]:
        cursor = ""
        for _ in range(MISSED_MAX // PAGE):
            page = await self._queue.list_tasks(where, limit=PAGE, cursor=cursor)
            for task in page.tasks:
                yield task.id, task.state
            cursor = page.cursor
            if not cursor:
                return


def _manifest(task_id: TaskId) -> Manifest:
    """No owner: a deleted Function ends its tasks by itself, and an owner would take thousands along at once."""
    return {
        "apiVersion": Kind.TASK.api_version,
        "kind": Kind.TASK.text,
        "metadata": {"name": str(task_id), "labels": {FUNCTION_LABEL: task_id.function}},
        "spec": {"function": task_id.function, "taskId": str(task_id)},
    }
