"""A task that has taken down workers runs alone when it is claimed for the last time. Pure: time is an argument.

A handler that kills its process takes its neighbours with it, and each of them counts a lost worker as well.
Without this rule one poison pill would drag the tasks beside it into the dead-letter queue.
"""

from asynctaskflow.taskqueue.messages import Claimed

CAREFUL_S = 5.0


class LastChance:
    """Decides who runs alone, and makes room for it; one per worker."""

    def __init__(self, *, max_deliveries: int) -> None:
        """Nobody does.

        Args:
            max_deliveries: after so many lost workers a task is a poison pill; with 1 nobody runs alone.
        """
        self._max_deliveries = max_deliveries
        self._careful_until_s = 0.0
        self._alone = False

    def is_for(self, task: Claimed) -> bool:
        """Whether this task goes to the dead-letter queue if this worker dies."""
        return self._max_deliveries > 1 and task.deliveries >= self._max_deliveries

    def make_room(self, *, now_s: float) -> None:
        """One was claimed among others and goes back: for a while, claim only with nothing else here."""
        self._careful_until_s = now_s + CAREFUL_S

    def claimed(self, *, alone: bool) -> None:
        """A single task was claimed; ``alone``: it is one of those."""
        self._alone = alone
        self._careful_until_s = 0.0

    def ended(self) -> None:
        """A task has ended."""
        self._alone = False

    def allowed(self, number: int, *, occupied: int, now_s: float) -> int:
        """How many of ``number`` tasks may be claimed now."""
        if self._alone:
            return 0
        if now_s >= self._careful_until_s:
            return number
        return min(1, number) if occupied == 0 else 0
