"""One attempt of one task in this process, and the table of all of them.

The table belongs to the event loop's thread; the heartbeat's thread only takes snapshots, which are
atomic (one C call over the dict's values).
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum

from asynctaskflow.taskqueue.messages import Claimed


class Cause(StrEnum):
    """Why this worker interrupted an attempt."""

    TIMEOUT = "timeout"
    LEASE_LOST = "lease_lost"
    DRAINING = "draining"


class Execution:
    """A claimed task until its settlement is answered.

    Attributes:
        task: what was claimed.
        lease_until_s: monotonic time until which the lease surely holds.
        deadline_s: monotonic time of the hard limit; set when the handler starts.
        started_s: monotonic; 0 while it waits for a runner.
        cause: why it was interrupted, if it was.
        ended: the handler is done with it (or was abandoned); it waits for its settlement.
        runner: the asyncio task in which its handler runs, while it runs.
        on_interrupt: tells a handler outside the loop (thread, child process) to stop.
        unwind_until_s: monotonic; an interrupted handler is abandoned after it.
    """

    __slots__ = (
        "cause",
        "deadline_s",
        "ended",
        "lease_until_s",
        "on_interrupt",
        "runner",
        "started_s",
        "task",
        "unwind_until_s",
    )

    def __init__(self, task: Claimed, *, lease_until_s: float) -> None:
        """Claimed, not started."""
        self.task = task
        self.lease_until_s = lease_until_s
        self.started_s = 0.0
        self.deadline_s = 0.0
        self.cause: Cause | None = None
        self.ended = False
        self.runner: asyncio.Task[None] | None = None
        self.on_interrupt: Callable[[], object] | None = None
        self.unwind_until_s = 0.0

    @property
    def running(self) -> bool:
        """Whether a handler works on it now."""
        return self.runner is not None and not self.ended

    def stop(self, cause: Cause, *, unwind_until_s: float) -> None:
        """Interrupt the handler, once; the first cause stays."""
        if self.cause is not None or self.ended:
            return
        self.cause = cause
        self.unwind_until_s = unwind_until_s
        if self.on_interrupt is not None:
            self.on_interrupt()
        if self.runner is not None:
            self.runner.cancel()


class Running:
    """Every execution of this worker, by task uuid."""

    def __init__(self) -> None:
        """Empty."""
        self._by_uuid: dict[str, Execution] = {}

    def __len__(self) -> int:
        return len(self._by_uuid)

    def add(self, execution: Execution) -> None:
        """Take up a claimed task."""
        self._by_uuid[execution.task.id.uuid] = execution

    def remove(self, execution: Execution) -> None:
        """Forget a settled one; a newer claim of the same task stays."""
        uuid = execution.task.id.uuid
        if self._by_uuid.get(uuid) is execution:
            del self._by_uuid[uuid]

    def find(self, *, uuid: str, lease: str) -> Execution | None:
        """The execution under exactly this lease."""
        found = self._by_uuid.get(uuid)
        return found if found is not None and found.task.lease == lease else None

    def snapshot(self) -> list[Execution]:
        """All of them now; safe from any thread."""
        return list(self._by_uuid.values())
