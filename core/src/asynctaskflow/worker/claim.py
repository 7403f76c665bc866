"""How many tasks to ask for now. Pure: everything is an argument."""

from dataclasses import dataclass

OVERLAP_SLOTS = 8


@dataclass(frozen=True, slots=True)
class Room:
    """What a claim depends on.

    Attributes:
        occupied: slots with a task that has not ended.
        hungry: there may be more in the queue than the last claim has found.
        left: tasks that this process may still take before it is recycled; ``None``: any number.
    """

    slots: int
    occupied: int
    hungry: bool
    stopping: bool
    left: int | None = None


def wanted(room: Room) -> int:
    """Tasks to ask for, 0 if none.

    With many slots at most half of them at a time: while Redis works on one half, the other runs.
    """
    if room.stopping or not room.hungry:
        return 0
    free = room.slots - room.occupied
    if room.left is not None:
        free = min(free, room.left)
    if room.slots >= OVERLAP_SLOTS:
        free = min(free, (room.slots + 1) // 2)
    return max(free, 0)
