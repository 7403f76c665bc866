"""Keeps the status of ``Task`` resources true, with as few writes as people need.

What a status says is read from Redis when its turn to be written comes, so a task that went through many states
meanwhile costs one write. Never decides what becomes of a task.
"""

from collections.abc import Callable
from typing import Any

from asynctaskflow.model.task import TERMINAL, Task, TaskId, TaskState
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.outbox import Key, Rank
from asynctaskflow_operator.kube.port import KubeNotFound, KubeRefused
from asynctaskflow_operator.rules.task_intent import TaskSight, Verdict, fingerprint, named_task
from asynctaskflow_operator.rules.task_status import (
    INLINE_BYTES,
    progress_delay_s,
    task_status,
    verdict_status,
    without_result,
)
from asynctaskflow_operator.tasks.book import Entry
from asynctaskflow_operator.tasks.ground import TaskGround

VERDICT_S = 1.0  # a Function may be applied right after its tasks


def status_key(name: str) -> Key:
    """The outbox's key of a resource's status."""
    return Key(Kind.TASK, "status", name)


class Projector:
    """Writes statuses through the outbox.

    Args:
        gone: called with what was known of a resource that turned out to be deleted.
    """

    def __init__(self, ground: TaskGround, *, gone: Callable[[TaskSight], None]) -> None:
        """Register as the deliverer of statuses."""
        self._book = ground.book
        self._kube = ground.kube
        self._outbox = ground.outbox
        self._queue = ground.queue
        self._clock = ground.clock
        self._gone = gone
        ground.outbox.route(Kind.TASK, "status", self._deliver)

    def show(self, entry: Entry) -> None:
        """Have the status brought up to date: an end at once, anything else if it lasts."""
        state = entry.verdict.state if entry.verdict else entry.told or TaskState.PENDING
        if state in TERMINAL:
            self._outbox.put(status_key(entry.sight.name), rank=Rank.TERMINAL)
            return
        quiet_s = self._clock.mono_s() - entry.progress_s
        delay_s = progress_delay_s(entry.sight, state, quiet_s=quiet_s)
        self._outbox.put(
            status_key(entry.sight.name),
            rank=Rank.PROGRESS,
            delay_s=min(delay_s, VERDICT_S) if entry.verdict else delay_s,
        )

    def judge(self, entry: Entry, verdict: Verdict) -> None:
        """Show what becomes of a resource without a task; again and again the same is nothing new."""
        known = entry.verdict
        if known and (known.state, known.reason) == (verdict.state, verdict.reason):
            return
        entry.verdict = verdict
        self.show(entry)

    async def _deliver(self, name: str) -> None:
        entry = self._book.get(name)
        status = await self._status(entry) if entry else None
        if entry is None or status is None:
            return
        seen, new = entry.sight, fingerprint(status)
        if new in (seen.print, entry.written):
            return
        try:
            await self._write(seen, status)
        except KubeNotFound:
            self._gone(seen)
            return
        entry.written = new
        if entry.sight.uid == seen.uid:
            entry.sight = entry.sight.at(status)
        if not entry.sight.ended:
            entry.progress_s = self._clock.mono_s()

    async def _write(self, seen: TaskSight, status: dict[str, Any]) -> None:
        try:
            await self._kube.replace_status(Kind.TASK, seen.name, status, uid=seen.uid)
        except KubeRefused:
            live = await self._kube.get(Kind.TASK, seen.name)
            if live["metadata"]["uid"] != seen.uid:
                raise KubeNotFound(f"task {seen.name}: another one has its name now") from None
            if "result" not in status:
                raise
            await self._kube.replace_status(
                Kind.TASK, seen.name, without_result(status), uid=seen.uid
            )

    async def _status(self, entry: Entry) -> dict[str, Any] | None:
        """``None``: Redis holds no task; whether that is right is not for here."""
        if entry.verdict is not None:
            return verdict_status(entry.sight, entry.verdict)
        task_id = named_task(entry.sight)
        found = await self._queue.tasks([task_id]) if isinstance(task_id, TaskId) else []
        if not found:
            return None
        entry.told = found[0].state
        return task_status(entry.sight, found[0], await self._result(found[0]))

    async def _result(self, task: Task) -> bytes:
        fits = 0 < task.result_bytes <= INLINE_BYTES and not task.result_ref
        if task.state is not TaskState.COMPLETED or not fits:
            return b""
        return await self._queue.result(task.id)
