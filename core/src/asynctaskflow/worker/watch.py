"""The loop's own clock: time limits, leases that can no longer be trusted, the end of the grace period.

One timer for all tasks of the worker; a timer of its own for each would cost more than a small task.
"""

import asyncio
from collections.abc import Callable

from asynctaskflow.clock import Clock
from asynctaskflow.logs import get_logger
from asynctaskflow.worker.execution import Cause, Execution, Running
from asynctaskflow.worker.stopping import Stopping

TICK_S = 0.1


class Watch:
    """Looks at every execution ten times a second, on the loop.

    Attributes:
        lease_margin_s: a lease this close to its end is not trusted any more.
        seen_s: monotonic time of its last look; an old one means that the loop is blocked.
    """

    def __init__(
        self,
        running: Running,
        *,
        stopping: Stopping,
        clock: Clock,
        lease_margin_s: float,
        abandon: Callable[[Execution], None],
        stuck: Callable[[], int],
        on_look: Callable[[], None],
    ) -> None:
        """Nothing happens until ``run``.

        Args:
            abandon: called for a handler that has not stopped in its time.
            stuck: number of threads that cannot be stopped.
            on_look: called after each look.
        """
        self._running = running
        self._stopping = stopping
        self._clock = clock
        self.lease_margin_s = lease_margin_s
        self._abandon = abandon
        self._stuck = stuck
        self._stuck_until_s: float | None = None
        self._on_look = on_look
        self.seen_s = clock.mono_s()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(TICK_S)

    def look(self) -> None:
        """Interrupt what must stop, abandon what did not."""
        now_s = self.seen_s = self._clock.mono_s()
        interrupting = self._stopping.interrupting()
        for execution in self._running.snapshot():
            if execution.running:
                self._look_at(execution, now_s, interrupting=interrupting)
        self._look_at_threads(now_s)
        self._on_look()

    def _look_at(self, execution: Execution, now_s: float, *, interrupting: bool) -> None:
        if execution.cause is not None:
            if now_s >= execution.unwind_until_s:
                self._give_up(execution)
        elif now_s >= execution.deadline_s:
            self._stop(execution, Cause.TIMEOUT)
        elif now_s >= execution.lease_until_s - self.lease_margin_s:
            get_logger().warning("lease_lost", task=str(execution.task.id), during="renewal")
            self._stop(execution, Cause.LEASE_LOST)
        elif interrupting:
            self._stop(execution, Cause.DRAINING)

    def _stop(self, execution: Execution, cause: Cause) -> None:
        execution.stop(cause, unwind_until_s=self._stopping.unwind_until_s())

    def _give_up(self, execution: Execution) -> None:
        get_logger().error(
            "handler_does_not_stop", task=str(execution.task.id), cause=str(execution.cause)
        )
        self._abandon(execution)
        self._stopping.recycle("a handler does not stop")

    def _look_at_threads(self, now_s: float) -> None:
        """A thread cannot be ended: if one outlives its time, the process is recycled."""
        if not self._stuck():
            self._stuck_until_s = None
        elif self._stuck_until_s is None:
            self._stuck_until_s = self._stopping.unwind_until_s()
        elif now_s >= self._stuck_until_s:
            self._stopping.recycle("a handler's thread does not stop")
