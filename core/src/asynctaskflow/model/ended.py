"""How many tasks ended when: the hashes that hold it, and the steps of an answer. Pure.

``lua/prelude/2_ended.lua`` counts each task at the moment it ends, in one hash of each grain.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from asynctaskflow.model.task import TaskState

MINUTE_MS = 60_000
STEPS_EACH = 30
STEPS = 30
FINE_MINUTES = 60
LETTERS = {
    TaskState.COMPLETED: "C",
    TaskState.FAILED: "F",
    TaskState.DLQ: "D",
    TaskState.CANCELLED: "X",
}
_FIELDS = {
    f"{step}{letter}".encode(): (step, state)
    for step in range(STEPS_EACH)
    for state, letter in LETTERS.items()
}


@dataclass(frozen=True, slots=True)
class Grain:
    """One size of step.

    Attributes:
        name: in the hash's key.
        kept_ms: lifetime of a hash after its last new field; longer than any answer looks back.
    """

    name: str
    step_ms: int
    kept_ms: int

    def alive(self, now_ms: int) -> range:
        """Numbers of the hashes that can exist now, and of the next one: nodes of a cluster differ in time."""
        hash_ms = self.step_ms * STEPS_EACH
        return range((now_ms - self.kept_ms) // hash_ms - 1, now_ms // hash_ms + 2)


FINE = Grain("30s", 30_000, 75 * MINUTE_MS)
COARSE = Grain("12m", 12 * MINUTE_MS, 25 * 60 * MINUTE_MS)
GRAINS = (FINE, COARSE)


@dataclass(frozen=True, slots=True)
class Window:
    """The steps of one answer.

    Attributes:
        first: number of its first step of the grain, since the epoch.
        width: steps of the grain in one step of the answer.
        steps: of the answer.
    """

    grain: Grain
    first: int
    width: int
    steps: int

    @property
    def step_ms(self) -> int:
        """Length of one step of the answer."""
        return self.grain.step_ms * self.width

    @property
    def starts_ms(self) -> list[int]:
        """Where each step begins, oldest first."""
        return [self.first * self.grain.step_ms + self.step_ms * step for step in range(self.steps)]

    @property
    def until_ms(self) -> int:
        """Where the last step ends."""
        return self.starts_ms[-1] + self.step_ms

    @property
    def hashes(self) -> range:
        """Numbers of the hashes that hold it."""
        last = self.first + self.width * self.steps - 1
        return range(self.first // STEPS_EACH, last // STEPS_EACH + 1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How many tasks entered each terminal state in each step of the window."""

    window: Window
    counts: Mapping[TaskState, list[int]]


def window(minutes: int, *, now_ms: int) -> Window:
    """At most 30 equal steps that cover these minutes and now; the last one has not ended yet.

    Args:
        minutes: 1 to 1440. Up to an hour a step is a multiple of 30 s, beyond it a multiple of 12 minutes.
    """
    grain = FINE if minutes <= FINE_MINUTES else COARSE
    width = -(-minutes * MINUTE_MS // (STEPS * grain.step_ms))
    step_ms = width * grain.step_ms
    steps = -(-minutes * MINUTE_MS // step_ms)
    return Window(grain, (now_ms // step_ms + 1 - steps) * width, width, steps)


def added(
    seen: Window, hashes: Iterable[tuple[int, Mapping[bytes, bytes]]]
) -> dict[TaskState, list[int]]:
    """The sum of these hashes, each with its number; fields outside of the window or unreadable count nothing."""
    counts = {state: [0] * seen.steps for state in LETTERS}
    for number, fields in hashes:
        before = number * STEPS_EACH - seen.first
        for step, state, count in _read(fields):
            place = (before + step) // seen.width
            if 0 <= place < seen.steps:
                counts[state][place] += count
    return counts


def _read(fields: Mapping[bytes, bytes]) -> Iterator[tuple[int, TaskState, int]]:
    for field, count in fields.items():
        known = _FIELDS.get(field)
        if known and count.isdigit():
            yield *known, int(count)
