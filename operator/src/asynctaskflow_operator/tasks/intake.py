"""Submits what was applied with kubectl, and does what a resource wishes of its task: cancel it, run it again.

Redis is asked first and told once: an operator that starts again submits nothing twice, because a task's id is its
resource's UID. Writes no status itself.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

from asynctaskflow.blobs.attachments import UploadMissing, keep_uploads, named_uploads
from asynctaskflow.errors import IdempotencyConflict, InvalidTransition, QueueFull, TaskNotFound
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import KubeNotFound
from asynctaskflow_operator.rules.task_intent import (
    Act,
    TaskSight,
    Verdict,
    act,
    failed,
    named_task,
    needs_record,
    new_task,
    read_spec,
    waiting,
)
from asynctaskflow_operator.tasks.book import Entry
from asynctaskflow_operator.tasks.farewell import Farewell
from asynctaskflow_operator.tasks.ground import TaskGround
from asynctaskflow_operator.tasks.projector import Projector
from asynctaskflow_operator.tasks.rounds import Rounds

WOKEN_AT_ONCE = 100
BY_SPEC = "spec.desiredState is Cancelled"


class Intake:
    """Acts on resources, one after the other where it is the same one."""

    def __init__(self, ground: TaskGround, *, projector: Projector, farewell: Farewell) -> None:
        """Nothing is sent before ``run``."""
        self._book = ground.book
        self._kube = ground.kube
        self._queue = ground.queue
        self._blobs = ground.blobs
        self._functions = ground.functions
        self._projector = projector
        self._farewell = farewell
        self._clock = ground.clock
        self._rounds = Rounds(self._reconcile, what="task", clock=ground.clock)
        self._specs: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._waiting: dict[str, dict[str, None]] = defaultdict(dict)

    async def run(self) -> None:
        """Until cancelled."""
        await self._rounds.run()

    def look(self, name: str, body: Mapping[str, Any] | None = None) -> None:
        """Have a resource acted on; ``body`` saves asking for it."""
        if body is not None:
            self._specs[name] = (body["metadata"]["uid"], body.get("spec") or {})
        self._rounds.put(name)

    def forget(self, seen: TaskSight) -> None:
        """The resource is gone."""
        self._specs.pop(seen.name, None)
        self._rounds.drop(seen.name)
        self._waiting[seen.function].pop(seen.name, None)

    def wake(self, function: str, *, most: int = WOKEN_AT_ONCE) -> None:
        """Try again with resources that wait for a function, the longest waiting first."""
        names = self._waiting.get(function)
        if not names or not self._functions.is_open(function):
            return
        for name in list(names)[:most]:
            del names[name]
            self._rounds.put(name)

    def wake_all(self) -> None:
        """The same for every function."""
        for function in list(self._waiting):
            self.wake(function)

    async def _reconcile(self, name: str) -> None:
        entry = self._book.get(name)
        if entry is None:
            return
        seen, task_id = entry.sight, named_task(entry.sight)
        if isinstance(task_id, Verdict):
            self._end(entry, task_id)
            return
        found = await self._queue.tasks([task_id]) if needs_record(seen) else []
        await self._do(act(seen, found[0] if found else None), entry, task_id)
        if entry.sight.uid == seen.uid and seen.redrives > entry.sight.obeyed:
            entry.sight = replace(entry.sight, obeyed=seen.redrives)
            self._projector.show(entry)

    async def _do(self, what: Act, entry: Entry, task_id: TaskId) -> None:
        match what:
            case Act.ACCEPT:
                await self._accept(entry)
            case Act.CANCEL:
                await self._cancel(entry, task_id)
            case Act.END_CANCELLED:
                self._end(entry, Verdict(TaskState.CANCELLED, "Cancelled", BY_SPEC))
            case Act.REDRIVE:
                await self._redrive(entry, task_id)
            case Act.LOST:
                self._end(entry, failed("TaskNotFound", f"there is no task {task_id}"))
            case Act.SHOW:
                self._projector.show(entry)
            case Act.NOTHING:
                return

    async def _cancel(self, entry: Entry, task_id: TaskId) -> None:
        try:
            await self._queue.cancel(task_id, reason=BY_SPEC)
        except (TaskNotFound, InvalidTransition):
            self.look(entry.sight.name)  # it has just ended or gone: see what is there now
            return
        entry.told = TaskState.CANCELLED
        self._projector.show(entry)

    async def _redrive(self, entry: Entry, task_id: TaskId) -> None:
        try:
            await self._queue.redrive(task_id)
        except (TaskNotFound, InvalidTransition):
            self.look(entry.sight.name)
            return
        entry.told, entry.verdict = TaskState.PENDING, None
        self._projector.show(entry)

    async def _accept(self, entry: Entry) -> None:
        """Have the queue take it, or say why not."""
        seen = entry.sight
        function = self._functions.spec(seen.function)
        if function is None or not self._functions.is_open(seen.function):
            self._wait(entry, _not_there(seen.function, known=function is not None))
            return
        spec = await self._spec(seen)
        if spec is None:
            return
        new = await self._new_task(seen, spec, function)
        if isinstance(new, Verdict):
            self._end(entry, new)
            return
        try:
            state = await self._enqueue(new)
        except QueueFull as error:
            self._wait(entry, waiting("QueueFull", str(error)))
            return
        self._accepted(entry, seen, state)

    async def _enqueue(self, new: NewTask) -> TaskState:
        """Where the task is now: one that was submitted before may have got far.

        Raises:
            QueueFull
        """
        try:
            return (await self._queue.enqueue(new)).state
        except IdempotencyConflict:  # it is there, packed by another version
            found = await self._queue.tasks([TaskId(new.function, new.uuid or "")])
            return found[0].state if found else TaskState.PENDING

    def _accepted(self, entry: Entry, seen: TaskSight, state: TaskState) -> None:
        if self._book.get(seen.name) is not entry or entry.sight.uid != seen.uid:
            self._farewell.cancel(seen.task_id)  # deleted while it was being submitted
            return
        if entry.verdict is not None:
            entry.verdict = None
            entry.progress_s = -inf  # what it waited for is not to be shown any longer
        if entry.told is None or entry.sight.ended:
            entry.told = state
        self._projector.show(entry)

    async def _spec(self, seen: TaskSight) -> TaskSpec | Verdict | None:
        """What was applied; ``None`` if the resource is gone."""
        uid, spec = self._specs.pop(seen.name, ("", {}))
        if uid != seen.uid:
            try:
                body = await self._kube.get(Kind.TASK, seen.name)
            except KubeNotFound:
                return None
            uid, spec = body["metadata"]["uid"], body.get("spec") or {}
        return read_spec(spec) if uid == seen.uid else None

    async def _new_task(
        self, seen: TaskSight, spec: TaskSpec | Verdict, function: FunctionSpec
    ) -> NewTask | Verdict:
        """What to enqueue, once the uploads that it names are there to stay; or why nothing is."""
        if isinstance(spec, Verdict):
            return spec
        new = new_task(seen, spec, function, now_s=self._clock.wall_ms() / 1000)
        uploads = {f"input.{name}": ref for name, ref in named_uploads(spec.input).items()}
        if spec.input_ref:
            uploads["inputRef"] = spec.input_ref
        try:
            await keep_uploads(self._blobs, uploads if isinstance(new, NewTask) else {})
        except UploadMissing as error:
            return failed("UploadNotFound", f"spec.{error}")
        return new

    def _wait(self, entry: Entry, verdict: Verdict) -> None:
        self._waiting[entry.sight.function][entry.sight.name] = None
        self._projector.judge(entry, verdict)

    def _end(self, entry: Entry, verdict: Verdict) -> None:
        self._projector.judge(entry, replace(verdict, at_ms=self._clock.wall_ms()))


def _not_there(function: str, *, known: bool) -> Verdict:
    if known:
        return waiting("FunctionNotReady", f"Function {function} does not take tasks now")
    return waiting("FunctionNotFound", f"waiting for a Function named {function}")
