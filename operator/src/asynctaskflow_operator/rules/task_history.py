"""Which resources of finished tasks are deleted: by age, by number, and sooner when there are too many in all.

Deleting one removes no task: Redis keeps the history. Dead letters stay longer, because a person has to act on them
and finds them with kubectl; but they count, so that a function that fails for days does not fill etcd.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from asynctaskflow.model.function import History
from asynctaskflow.model.task import TaskState

SEEN_S = 60.0  # even when there are too many: a person or a script must have had time to look
ROOM = 0.9  # of the most resources; below that nothing is deleted early


@dataclass(frozen=True, slots=True)
class Finished:
    """One resource whose status shows an end.

    Attributes:
        ttl_s: its own; ``None``: as the Function says.
    """

    name: str
    function: str
    state: TaskState
    finished_s: float
    ttl_s: float | None = None

    @property
    def order(self) -> tuple[bool, float, str]:
        """What goes first when some must go: dead letters last, the oldest before younger ones."""
        return self.state is TaskState.DLQ, self.finished_s, self.name


def outdated(
    finished: Iterable[Finished],
    history: Callable[[str], History],
    *,
    now_s: float,
    resources: int,
    resources_max: int,
) -> list[str]:
    """Names of the resources to delete.

    Args:
        history: a function's limits.
        resources: that exist, unfinished ones included.
    """
    kept: dict[str, list[Finished]] = defaultdict(list)
    gone: list[str] = []
    for one in finished:
        if one.finished_s + lifetime_s(one, history(one.function)) <= now_s:
            gone.append(one.name)
        else:
            kept[one.function].append(one)
    left: list[Finished] = []
    for function, mine in kept.items():
        mine.sort(key=lambda one: one.order)
        surplus = max(0, len(mine) - history(function).resource_limit)
        gone += [one.name for one in mine[:surplus]]
        left += mine[surplus:]
    resources -= len(gone)
    if resources < resources_max:
        return gone
    surplus = resources - int(resources_max * ROOM)
    old = sorted(
        (one for one in left if one.finished_s + SEEN_S <= now_s), key=lambda one: one.order
    )
    return gone + [one.name for one in old[:surplus]]


def lifetime_s(one: Finished, history: History) -> float:
    """How long a resource stays after its task's end."""
    if one.ttl_s is not None:
        return one.ttl_s
    if one.state is TaskState.DLQ:
        return max(history.resource_ttl_seconds, history.dlq_ttl_seconds)
    return history.resource_ttl_seconds
