"""Where a reader of several event streams is: one id per function, as a short text. Pure.

The text is the ``id:`` of a server-sent event, so whoever reconnects with it misses nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asynctaskflow.model.task import FUNCTION_NAME
from asynctaskflow.taskqueue.messages import Event

PART = re.compile(r"([a-z0-9-]{1,40})=([0-9a-f]{1,12})-([0-9a-f]{1,12})")
MAX_CHARS = 16_384
NOTHING_READ = "0-0"

Positions = dict[str, str]


@dataclass(slots=True)
class Frame:
    """One event and where it stands.

    Attributes:
        entry_id: id of the stream entry that holds the event, perhaps among others.
        cursor: text to resume after this event.
        rendered: the event as bytes, by format; made once for all clients.
    """

    event: Event
    entry_id: str
    cursor: str
    rendered: dict[str, bytes]


def order(stream_id: str) -> tuple[int, int]:
    """A stream id as something that compares."""
    milliseconds, _, number = stream_id.partition("-")
    return int(milliseconds), int(number or 0)


def write(positions: Mapping[str, str]) -> str:
    """The positions as text."""
    return ",".join(_part(function, stream_id) for function, stream_id in positions.items())


def _part(function: str, stream_id: str) -> str:
    milliseconds, number = order(stream_id)
    return f"{function}={milliseconds:x}-{number:x}"


def read(text: str) -> Positions | None:
    """The positions that a text stands for; ``None`` if it is not one of ours."""
    if not text or len(text) > MAX_CHARS:
        return None
    found: Positions = {}
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None or not FUNCTION_NAME.fullmatch(match[1]):
            return None
        found[match[1]] = f"{int(match[2], 16)}-{int(match[3], 16)}"
    return found


def advance(positions: Positions, events: Iterable[Event]) -> list[Frame]:
    """Move ``positions`` over events in the order read, and say where each event stands.

    Events of one entry carry the id before it, except the last, which carries the entry's own: so the
    entry's id is known only at its last event.
    """
    frames: list[Frame] = []
    unfinished: dict[str, list[Frame]] = {}
    parts = {function: _part(function, last) for function, last in positions.items()}
    for event in events:
        frame = Frame(event, "", "", {})
        group = unfinished.setdefault(event.function, [])
        group.append(frame)
        if event.stream_id != positions.get(event.function):
            positions[event.function] = event.stream_id
            parts[event.function] = _part(event.function, event.stream_id)
            for member in group:
                member.entry_id = event.stream_id
            unfinished[event.function] = []
        frame.cursor = ",".join(parts.values())
        frames.append(frame)
    return frames


def is_after(frame: Frame, positions: Mapping[str, str]) -> bool:
    """Whether a reader at ``positions`` has not seen this frame."""
    seen = positions.get(frame.event.function)
    return seen is None or not frame.entry_id or order(frame.entry_id) > order(seen)
