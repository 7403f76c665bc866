"""What the operator knows of each ``Task`` resource: little, since there may be thousands. In memory only.

Losing it costs nothing: it is filled from the watch and from Redis again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow_operator.rules.task_intent import TaskSight, Verdict


@dataclass(slots=True)
class Entry:
    """One resource.

    Attributes:
        told: the task's state by its events or its record, which may be newer than the status.
        verdict: what the status is to say while Redis holds no task.
        progress_s: when a status that shows no end was last written (monotonic).
        written: fingerprint of the last status that was sent.
    """

    sight: TaskSight
    told: TaskState | None = None
    verdict: Verdict | None = None
    progress_s: float = -inf
    written: bytes = b""

    @property
    def over(self) -> bool:
        """Its status shows an end, and nothing says that the task has been run again since."""
        return self.sight.ended and (self.told is None or self.told in TERMINAL)


class TaskBook:
    """All Task resources of the namespace, by name, by task and by function."""

    def __init__(self) -> None:
        """Empty."""
        self._entries: dict[str, Entry] = {}
        self._by_task: dict[str, tuple[str, ...]] = {}
        self._by_function: dict[str, set[str]] = {}

    def get(self, name: str) -> Entry | None:
        """One resource, if it is known."""
        return self._entries.get(name)

    def put(self, sight: TaskSight) -> tuple[Entry, TaskSight | None]:
        """Take over what was seen; the entry, and what was known of the same resource before."""
        known = self._entries.get(sight.name)
        if known is not None and known.sight.uid == sight.uid:
            before = known.sight
            known.sight = sight
            return known, before
        if known is not None:
            self.remove(sight.name, uid=known.sight.uid)
        entry = self._entries[sight.name] = Entry(sight)
        names = self._by_task.get(sight.task_id, ())
        self._by_task[sight.task_id] = (*names, sight.name)
        self._by_function.setdefault(sight.function, set()).add(sight.name)
        return entry, None

    def remove(self, name: str, *, uid: str) -> Entry | None:
        """Forget a resource that is gone; a namesake that was made since stays."""
        entry = self._entries.get(name)
        if entry is None or entry.sight.uid != uid:
            return None
        del self._entries[name]
        left = tuple(one for one in self._by_task[entry.sight.task_id] if one != name)
        if left:
            self._by_task[entry.sight.task_id] = left
        else:
            del self._by_task[entry.sight.task_id]
        mine = self._by_function[entry.sight.function]
        mine.discard(name)
        if not mine:
            del self._by_function[entry.sight.function]
        return entry

    def of_task(self, task_id: str) -> tuple[str, ...]:
        """Names of the resources about a task: one, unless somebody made another."""
        return self._by_task.get(task_id, ())

    def of_function(self, function: str) -> list[Entry]:
        """All resources of a function."""
        return [self._entries[name] for name in self._by_function.get(function, ())]

    def count(self, function: str) -> int:
        """How many resources a function has."""
        return len(self._by_function.get(function, ()))

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)
