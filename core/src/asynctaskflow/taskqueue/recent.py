"""The newest events of many functions, newest first: which stream to read next, and which events are all there. Pure.

One entry of every stream, of which only the id and the number of lines are looked at, tells which have the newest ones.
Then only streams whose rest may hold one of the newest ``limit`` events are read, ``AT_ONCE`` entries a turn at most and
``SCAN`` in all, so that no cost grows with what is stored. If the filter lets so little through that ``SCAN`` is not
enough, the page is short and its cursor goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asynctaskflow.taskqueue.messages import Event, EventPage
from asynctaskflow.taskqueue.place import Place
from asynctaskflow.taskqueue.records import events

SCAN = 4096
AT_ONCE = 512
LEAST_READ = 16
WHOLE = 9999
Entry = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Read:
    """``XREVRANGE <stream> <end> - COUNT <count>``."""

    function: str
    end: str
    count: int


class Recent:
    """Collects one page."""

    def __init__(
        self,
        functions: Sequence[str],
        *,
        limit: int,
        before: Place | None,
        accepts: Callable[[Event], bool],
    ) -> None:
        """Nothing is read yet.

        Args:
            before: only events older than this one.
        """
        self._functions = functions
        self._limit = limit
        self._before = before
        self._accepts = accepts
        self._found: list[tuple[Place, Event]] = []
        # What lies behind them is not read yet: of an unread entry its end, of a read one its beginning.
        self._ends: dict[str, Place] = {}
        self._left = SCAN
        self._next = 0

    def heads(self) -> list[Read]:
        """The newest entry of each stream: what to read first."""
        return [Read(name, self._first_end(name), 1) for name in self._functions]

    def _first_end(self, function: str) -> str:
        before = self._before
        if before is None:
            return "+"
        has_older_lines = Place(before.at_ms, before.number, function, 1) < before
        return before.stream_id if has_older_lines else f"({before.stream_id}"

    def meet(self, heads: Sequence[tuple[Read, Sequence[Entry]]]) -> None:
        """What reading the heads found."""
        lines = 0
        for read, entries in heads:
            for stream_id, fields in entries:
                self._ends[read.function] = Place.of(read.function, stream_id, WHOLE)
                lines += fields.get(b"t", b"").count(b"\n") + 1
        # As many entries as a page needs if all are like these.
        self._next = max(LEAST_READ, self._limit * len(self._ends) // max(1, lines))

    def take(self, read: Read, entries: Sequence[Entry]) -> None:
        """What a read found, newest first."""
        for stream_id, fields in entries:
            found = events(read.function, stream_id, fields, before="")
            for line, one in enumerate(found, start=1):
                place = Place.of(read.function, stream_id, line)
                if (self._before is None or place < self._before) and self._accepts(one):
                    self._found.append((place, one))
        if len(entries) < read.count:
            self._ends.pop(read.function, None)
        else:
            self._ends[read.function] = Place.of(read.function, entries[-1][0], 0)

    def next_reads(self) -> list[Read]:
        """What may still hold one of the newest events; nothing once the page is whole, or enough was read."""
        self._found.sort(key=lambda pair: pair[0], reverse=True)
        oldest = self._found[self._limit - 1][0] if len(self._found) >= self._limit else None
        open_ends = [one for one in self._ends.values() if oldest is None or one > oldest]
        most = min(AT_ONCE, self._left, self._next)
        chosen = sorted(open_ends, reverse=True)[:most]
        if not chosen:
            return []
        count = most // len(chosen)
        self._next *= 2
        self._left -= count * len(chosen)
        return [Read(one.function, _from(one), count) for one in chosen]

    def page(self) -> EventPage:
        """The newest events of which none is missing."""
        edge = max(self._ends.values(), default=None)
        whole = [pair for pair in self._found if edge is None or pair[0] > edge]
        whole.sort(key=lambda pair: pair[0], reverse=True)
        given = whole[: self._limit]
        if len(whole) > len(given):
            edge = given[-1][0]
        return EventPage(tuple(event for _, event in given), "" if edge is None else str(edge))


def _from(end: Place) -> str:
    """Where to read on: with an unread entry, or before one that was read."""
    return end.stream_id if end.line else f"({end.stream_id}"
