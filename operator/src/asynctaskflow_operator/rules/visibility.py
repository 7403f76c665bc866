"""Which tasks that came over REST are shown as ``Task`` resources, and when.

What keeps etcd and the write budget small: a resource is made for what people look for, that is what takes time or
has failed; a task that ends well within a second is never shown under ``Auto``.
"""

from dataclasses import dataclass
from enum import StrEnum

from asynctaskflow.model.function import Visibility
from asynctaskflow.model.task import TASK_UUID, TaskState

LASTS_S = 1.0
SHARE_KEPT = 0.5  # of the write budget, for tasks that are shown already
RUNNING = frozenset({TaskState.ACTIVE, TaskState.SCHEDULED})
BAD_ENDS = frozenset({TaskState.FAILED, TaskState.DLQ})


class Showing(StrEnum):
    """What to do about a task without a resource."""

    NOW = "now"
    IF_IT_LASTS = "if it lasts"
    NEVER_MIND = "never mind"


class Shortage(StrEnum):
    """Why a task that should be shown is not."""

    BUDGET = "write_budget"
    RESOURCES = "too_many_resources"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left for new resources.

    Attributes:
        share_left: of the burst of the write budget, 0 to 1.
        resources: that exist or are about to.
    """

    share_left: float
    resources: int
    resources_max: int


def is_from_rest(uuid: str) -> bool:
    """A task of ours has a version 7 UUID; one that was applied has its resource's UID, which never is."""
    return uuid[14:15] == "7" and TASK_UUID.fullmatch(uuid) is not None


def showing(visibility: Visibility, state: TaskState, *, new: bool) -> Showing:
    """What to do when a task without a resource has reached a state.

    Args:
        new: it has just been accepted.
    """
    match visibility:
        case Visibility.ALWAYS:
            wanted = new or state in BAD_ENDS or state in RUNNING
            return Showing.NOW if wanted else Showing.NEVER_MIND
        case Visibility.AUTO if state in RUNNING:
            return Showing.IF_IT_LASTS
        case Visibility.AUTO | Visibility.ON_FAILURE if state in BAD_ENDS:
            return Showing.NOW
        case _:
            return Showing.NEVER_MIND


def shortage(visibility: Visibility, room: Room) -> Shortage | None:
    """Whether there is no room; only ``Auto`` gives way to what is shown already."""
    if room.resources >= room.resources_max:
        return Shortage.RESOURCES
    if visibility is Visibility.AUTO and room.share_left <= SHARE_KEPT:
        return Shortage.BUDGET
    return None


def explanation(skipped: int, shortage: Shortage | None) -> str:
    """What a Function's status says about tasks that are not shown."""
    if not skipped or shortage is None:
        return ""
    cause = {
        Shortage.BUDGET: "the budget of API writes was short",
        Shortage.RESOURCES: "as many Task resources as allowed existed",
    }[shortage]
    return f"{skipped} tasks got no resource: {cause}; REST shows every task"
