"""What a person or the operator does to tasks and functions, and the upkeep that any process may do."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from asynctaskflow.errors import InvalidTransition, TaskError, TaskNotFound
from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.store.connection import AsyncRedis, translated
from asynctaskflow.store.lane import Call
from asynctaskflow.store.scripts import Argument
from asynctaskflow.taskqueue.codes import Code
from asynctaskflow.taskqueue.function_keys import function_keys
from asynctaskflow.taskqueue.scripts import (
    CANCEL,
    DELETE,
    DRAIN,
    PAUSE,
    PURGE_EXPIRED,
    REAP_EXPIRED,
    REDRIVE,
    REQUEUE,
    UNDRAIN,
)

REPAIR_LIMIT = 10_000
REASON_CHARS = 1024
ERASED_AT_ONCE = 100
DRAIN_LASTS_S = (
    60.0  # longer than a scaler takes to stop a worker; a dead one must not starve a function
)


class BlobDeleter(Protocol):
    """The part of a blob store that deleting a task needs."""

    async def delete(self, ref: str) -> None:
        """Remove a blob; fine if it is gone already."""
        ...


class RedisSteering:
    """``Steering`` and ``Upkeep`` over Redis."""

    def __init__(self, client: AsyncRedis, *, blobs: BlobDeleter | None = None) -> None:
        """Nothing is sent yet.

        Args:
            client: for commands.
            blobs: where the large inputs and results of deleted tasks are; without it they stay until their
                lifetime ends.
        """
        self._client = client
        self._blobs = blobs

    async def cancel(self, task_id: TaskId, *, reason: str = "") -> TaskState:
        """Cancel a task; see ``Steering.cancel``."""
        call = cancel_call(task_id, reason=reason)
        with translated():
            reply = await call.script.run(self._client, call.keys, call.args)
        return cancelled(task_id, reply)

    async def redrive(self, task_id: TaskId, *, reset_failures: bool = True) -> None:
        """Queue a task again; see ``Steering.redrive``."""
        codes = await self.redrive_many([task_id], reset_failures=reset_failures)
        if codes[0] == Code.REFUSED:
            raise InvalidTransition(f"task {task_id}: only FAILED and DLQ tasks can be retried")
        if codes[0] == Code.MISSING:
            raise TaskNotFound(f"task {task_id}: not found")

    async def redrive_many(
        self, task_ids: Sequence[TaskId], *, reset_failures: bool = True
    ) -> list[Code]:
        """Queue tasks of one function again, at most a few hundred; one code each."""
        args: list[Argument] = [secrets.token_hex(8), int(reset_failures)]
        args += [task.uuid for task in task_ids]
        with translated():
            codes = await REDRIVE.run(self._client, function_keys(task_ids[0].function), args)
        return [Code(code) for code in codes]

    async def delete(self, task_id: TaskId) -> TaskState:
        """Remove a task; see ``Steering.delete``.

        Raises:
            TaskNotFound
        """
        with translated():
            code, state, *refs = await DELETE.run(
                self._client, function_keys(task_id.function), [task_id.uuid]
            )
        _raise_unless_done(task_id, code, state.decode(), "deleted")
        await self._drop_blobs(refs)
        return TaskState(state.decode())

    async def pause(self, function: str) -> None:
        """Stop handing out tasks."""
        await self._set_paused(function, "1")

    async def resume(self, function: str) -> None:
        """Hand out tasks again."""
        await self._set_paused(function, "0")

    async def drain_workers(
        self,
        function: str,
        worker_ids: Sequence[str],
        *,
        only_idle: bool = True,
        lasts_s: float = DRAIN_LASTS_S,
    ) -> list[str]:
        """Mark workers so that they claim nothing more; see ``Steering.drain_workers``."""
        if not worker_ids:
            return []
        args: list[Argument] = [round(lasts_s * 1000), int(only_idle), *worker_ids]
        script_keys = [*function_keys(function), keys.draining(function)]
        with translated():
            marked = await DRAIN.run(self._client, script_keys, args)
        return [worker_id.decode() for worker_id in marked]

    async def undrain_workers(self, function: str, worker_ids: Sequence[str]) -> int:
        """Let marked workers claim again; see ``Steering.undrain_workers``."""
        if not worker_ids:
            return 0
        script_keys = [*function_keys(function), keys.draining(function)]
        with translated():
            return int(await UNDRAIN.run(self._client, script_keys, list(worker_ids)))

    async def _set_paused(self, function: str, paused: str) -> None:
        with translated():
            await PAUSE.run(self._client, function_keys(function), [paused])

    async def reap(self, function: str, *, max_deliveries: int) -> int:
        """Take back expired leases; see ``Upkeep.reap``."""
        with translated():
            again, dead, _expired = await REAP_EXPIRED.run(
                self._client, function_keys(function), [max_deliveries]
            )
        return int(again) + int(dead)

    async def purge(
        self, function: str, *, ttl_ms: Mapping[TaskState, int], keep: Mapping[TaskState, int]
    ) -> int:
        """Delete old terminal tasks; see ``Upkeep.purge``."""
        purged = 0
        for state, lifetime in ttl_ms.items():
            args: list[Argument] = [str(state), lifetime, keep.get(state, 0)]
            with translated():
                count, *refs = await PURGE_EXPIRED.run(self._client, function_keys(function), args)
            purged += int(count)
            await self._drop_blobs(refs)
        return purged

    async def erase(self, function: str) -> int:
        """Delete tasks of a function that is gone; how many, at most 100. After the last one every key of it goes."""
        with translated():
            uuids = await self._client.zrange(keys.all_index(function), 0, ERASED_AT_ONCE - 1)
        for uuid in uuids:
            with suppress(TaskNotFound):
                await self.delete(TaskId(function, uuid.decode()))
        if not uuids:
            with translated():
                await self._client.srem(keys.FUNCTIONS, function)
                seconds, _ = await self._client.time()
                await self._client.unlink(*keys.all_of_function(function, now_ms=seconds * 1000))
        return len(uuids)

    async def requeue_orphaned(self, function: str) -> tuple[int, int]:
        """Queue PENDING tasks that stand in no list (foreign writes); (found, queued again).

        Looks at the oldest ``REPAIR_LIMIT`` of them.
        """
        last = REPAIR_LIMIT - 1
        with translated():
            pending = await self._client.zrange(
                keys.state_index(function, TaskState.PENDING), 0, last
            )
            queued = {
                *await self._client.lrange(keys.primary(function), 0, -1),
                *await self._client.lrange(keys.retry(function), 0, -1),
            }
            orphans = [uuid for uuid in pending if uuid not in queued]
            if not orphans:
                return 0, 0
            repaired = await REQUEUE.run(self._client, function_keys(function), orphans)
        return len(orphans), int(repaired)

    async def _drop_blobs(self, refs: Sequence[bytes]) -> None:
        """Delete blobs that no task refers to any more; one that cannot be deleted now ends by its lifetime."""
        if self._blobs is None:
            return
        for ref in filter(None, refs):
            with suppress(TaskError):
                await self._blobs.delete(ref.decode())


def cancel_call(task_id: TaskId, *, reason: str) -> Call:
    """The script call that cancels a task."""
    args = [task_id.uuid, secrets.token_hex(8), reason[:REASON_CHARS]]
    return Call(CANCEL, function_keys(task_id.function), args)


def cancelled(task_id: TaskId, reply: tuple[int, bytes]) -> TaskState:
    """What its reply says; see ``Steering.cancel``."""
    code, state = reply[0], reply[1].decode()
    _raise_unless_done(task_id, code, state, "cancelled")
    return TaskState(state) if code == Code.OK else TaskState.CANCELLED


def _raise_unless_done(task_id: TaskId, code: int, state: str, verb: str) -> None:
    if code == Code.MISSING:
        raise TaskNotFound(f"task {task_id}: not found")
    if code == Code.REFUSED:
        raise InvalidTransition(f"task {task_id}: {state} tasks cannot be {verb}")
