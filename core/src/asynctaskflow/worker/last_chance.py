"""Knows whether a task on its last delivery runs here: the queue then gives this worker no second one.

A handler that kills its process takes its neighbours with it, and each of them counts a lost worker as well.
Those that went down together would go down together again, until the dead-letter queue has them all.
"""

from asynctaskflow.worker.execution import Execution


class LastChance:
    """At most one such task at a time; one object per worker."""

    def __init__(self, *, max_deliveries: int) -> None:
        """None runs.

        Args:
            max_deliveries: after so many lost workers a task is a poison pill; with 1 every delivery is the
                last, and then they may run together.
        """
        self._max_deliveries = max_deliveries
        self._taken: Execution | None = None

    def adopt(self, *, max_deliveries: int) -> None:
        """Judge tasks that begin from now on by another maximum."""
        self._max_deliveries = max_deliveries

    @property
    def free(self) -> bool:
        """Whether this worker may take one."""
        return self._taken is None

    def began(self, execution: Execution) -> None:
        """A task was claimed."""
        if self._max_deliveries > 1 and execution.task.deliveries >= self._max_deliveries:
            self._taken = execution

    def ended(self, execution: Execution) -> bool:
        """A task has ended; True if it was the one, and another may now be waiting."""
        if self._taken is not execution:
            return False
        self._taken = None
        return True
