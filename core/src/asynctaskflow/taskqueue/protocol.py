"""The ports of the task queue: who may ask what of it.

``RedisQueue`` implements all of them; the API, the worker, the operator and the command line each take
only the port they use. Every method raises ``QueueUnavailable`` when Redis is away or refuses.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import (
    Accepted,
    ClaimBatch,
    ErrorGroups,
    Event,
    NewTask,
    Page,
    QueueDepths,
    Settlement,
    TaskFilter,
    Turn,
    WorkerInfo,
)


class Producer(Protocol):
    """Accepts tasks."""

    async def enqueue(self, new: NewTask) -> Accepted:
        """Store one task; concurrent calls share a round trip.

        Raises:
            IdempotencyConflict: the key stands for another input.
            QueueFull: the function's queue is at its maximum depth.
        """
        ...

    async def enqueue_many(self, new: Sequence[NewTask]) -> list[Accepted | Exception]:
        """Store many tasks of one or more functions; one outcome each, in order."""
        ...


class WorkSource(Protocol):
    """Hands tasks to one worker of one function and takes the outcomes."""

    async def turn(
        self, settlements: Sequence[Settlement], *, free_slots: int, take_suspect: bool = True
    ) -> Turn:
        """Settle what ended and claim up to ``free_slots`` tasks, in one round trip.

        Args:
            settlements: outcomes of executions that ended.
            free_slots: most tasks to claim; 0 claims none.
            take_suspect: whether one task on its last delivery may be among them; not while another one
                runs here, so that a poison pill does not die among the neighbours it took down before.
        """
        ...

    async def wait_for_work(self, *, timeout_s: float) -> bool:
        """Block until work may be there; True if woken, False on time-out."""
        ...

    async def progress(self, task_id: TaskId, lease: str, *, fraction: float, note: str) -> None:
        """Store and publish progress.

        Raises:
            LeaseLost: this worker no longer holds the task.
        """
        ...


class IdleClaims(Protocol):
    """Claims of a worker that has nothing to do: they wait where the queue is, for one task."""

    async def claim_next(self, *, timeout_s: float) -> ClaimBatch:
        """The next task, as soon as there is one; none when the time is over.

        Cancelled or broken off, it may have taken a task all the same: ``recall`` tells. Nothing else may be
        claimed meanwhile. One task only: a worker that freezes while it waits delays no more than that.
        """
        ...

    async def recall(self) -> ClaimBatch:
        """What a claim that was given up has taken; it takes nothing after this."""
        ...


class Steering(Protocol):
    """What a person or the operator does to tasks and functions."""

    async def cancel(self, task_id: TaskId, *, reason: str = "") -> TaskState:
        """Cancel a queued, scheduled or running task; returns the state it had.

        Raises:
            TaskNotFound, InvalidTransition: it was terminal already.
        """
        ...

    async def redrive(self, task_id: TaskId, *, reset_failures: bool = True) -> None:
        """Queue a DLQ or FAILED task again.

        Raises:
            TaskNotFound, InvalidTransition
        """
        ...

    async def delete(self, task_id: TaskId) -> TaskState:
        """Remove a task and its data in any state; a running one loses its lease."""
        ...

    async def pause(self, function: str) -> None:
        """Stop handing out tasks of the function; enqueueing goes on."""
        ...

    async def resume(self, function: str) -> None:
        """Hand out tasks again."""
        ...

    async def drain_workers(
        self,
        function: str,
        worker_ids: Sequence[str],
        *,
        only_idle: bool = True,
        lasts_s: float = 60.0,
    ) -> list[str]:
        """Mark workers so that they claim nothing more: before a scale-down, at most a few thousand at once.

        In one transition with every claim: a worker that was marked as idle holds no task and gets none while
        the mark lasts, so it can be stopped and nothing is interrupted. Calling again renews the marks.

        Args:
            worker_ids: also of workers that have not reported yet.
            only_idle: leave workers that hold a task as they are; ``False`` marks all, and they finish what
                they hold.
            lasts_s: a mark ends by itself after this, in case the caller dies.

        Returns:
            Ids that are marked now; with ``only_idle`` those of idle workers only; none if the function is gone.
        """
        ...

    async def undrain_workers(self, function: str, worker_ids: Sequence[str]) -> int:
        """Let marked workers claim again; how many of them were marked."""
        ...


class Upkeep(Protocol):
    """Periodic work that any process may do; each call is bounded and safe beside others."""

    async def reap(self, function: str, *, max_deliveries: int) -> int:
        """Take back expired leases: to the queue, or to the DLQ after ``max_deliveries``; how many."""
        ...

    async def purge(
        self, function: str, *, ttl_ms: Mapping[TaskState, int], keep: Mapping[TaskState, int]
    ) -> int:
        """Delete terminal tasks past their TTL or beyond the newest ``keep``; how many, at most 100."""
        ...


class Reader(Protocol):
    """Looks; no cost grows with the number of stored tasks."""

    async def get(self, task_id: TaskId) -> Task:
        """One task.

        Raises:
            TaskNotFound
        """
        ...

    async def input(self, task_id: TaskId) -> bytes:
        """The task's input, JSON bytes (empty when it is a blob reference)."""
        ...

    async def result(self, task_id: TaskId) -> bytes:
        """The task's result, JSON bytes (empty while there is none, or when it is a blob reference)."""
        ...

    async def list_tasks(self, where: TaskFilter, *, limit: int, cursor: str = "") -> Page:
        """Newest first, at most ``limit`` (1..1000) tasks; may be shorter and still have a cursor."""
        ...

    async def count(self, where: TaskFilter) -> int:
        """How many tasks match; exact for function, state, time and error class."""
        ...

    async def error_classes(self, function: str, state: TaskState) -> dict[str, int]:
        """Error class -> number of tasks in that state."""
        ...

    async def error_groups(self, function: str, *, most: int) -> ErrorGroups:
        """Dead letters by error class and fingerprint, largest first, at most ``most`` (1..200) groups.

        A group with more than one in ``most`` of the function's dead letters is never left out.
        """
        ...

    async def depths(self, function: str) -> QueueDepths:
        """Depths and counts of one function."""
        ...

    async def queued_ids(self, function: str, queue: str, *, limit: int) -> list[str]:
        """Ids at the head of ``primary``, ``retry``, ``scheduled`` or ``dlq``."""
        ...

    async def functions(self) -> list[str]:
        """Names of the registered functions, sorted."""
        ...

    async def workers(self, function: str) -> list[WorkerInfo]:
        """Workers that ever registered and have not been forgotten, newest heartbeat first."""
        ...

    async def events(self, after: Mapping[str, str], *, block_ms: int, limit: int) -> list[Event]:
        """Events after the given stream id of each function (``$`` for new ones only), oldest first."""
        ...
