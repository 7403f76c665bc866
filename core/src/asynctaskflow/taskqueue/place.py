"""Where an event stands among the events of all functions: its identity, and a cursor to go on from. Pure."""

import re
from dataclasses import dataclass

from asynctaskflow.model.task import FUNCTION_NAME

TEXT = re.compile(r"([a-z0-9-]{1,40})=(\d{1,15})-(\d{1,15})\.(\d{1,4})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One line of one stream entry; what is newer compares as greater.

    Events of one millisecond in different functions stand by function: no order is known of them, but a cursor needs
    one that stays.

    Attributes:
        number: second part of the stream id.
        line: from 1; 0 stands before the whole entry.
    """

    at_ms: int
    number: int
    function: str
    line: int

    def __str__(self) -> str:
        return f"{self.function}={self.stream_id}.{self.line}"

    @property
    def stream_id(self) -> str:
        """Id of the entry."""
        return f"{self.at_ms}-{self.number}"

    @classmethod
    def of(cls, function: str, stream_id: bytes, line: int) -> "Place":
        """The place of a line of an entry, as Redis names entries."""
        at_ms, _, number = stream_id.decode().partition("-")
        return cls(int(at_ms), int(number or 0), function, line)

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read an event's id.

        Raises:
            ValueError: it is not one of ours.
        """
        match = TEXT.fullmatch(text)
        if match is None or not FUNCTION_NAME.fullmatch(match[1]):
            raise ValueError("cursor: not an event's id")
        return cls(int(match[2]), int(match[3]), match[1], int(match[4]))
