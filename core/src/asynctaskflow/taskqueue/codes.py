"""What the queue's scripts answer; the numbers are those of ``lua/prelude/1_names.lua``."""

from enum import IntEnum


class Code(IntEnum):
    """Outcome of one task's transition."""

    OK = 1
    CREATED = 1
    ALREADY = 2
    REPLAYED = 2
    LOST = 0
    CONFLICT = -1
    FULL = -2
    MISSING = -3
    REFUSED = -4
