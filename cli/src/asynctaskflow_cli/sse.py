"""Reads server-sent events and, when the connection is lost, goes on where it stopped."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from random import uniform

import httpx2

from asynctaskflow_cli.client import NOT_RUNNING, Api, Unreachable
from asynctaskflow_cli.exits import CommandError, Exit

FIRST_RETRY_S = 0.5
MAX_RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; ``name`` is ``message`` if the server gave none."""

    id: str
    name: str
    data: str


@dataclass(slots=True)
class _Parser:
    """Lines to events, after the HTML standard's section 9.2.6."""

    last_id: str = ""
    retry_s: float = FIRST_RETRY_S
    _id: str = ""
    _name: str = ""
    _data: list[str] | None = None

    def feed(self, line: str) -> ServerEvent | None:
        """Take one line without its end; an event when the line ends one."""
        if not line:
            return self._end()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                self._data = [*(self._data or []), value]
            case "event":
                self._name = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_s = int(value) / 1000
        return None

    def restart(self) -> None:
        """A new connection begins: half an event is none, and its id was never reached."""
        self._id, self._name, self._data = self.last_id, "", None

    def _end(self) -> ServerEvent | None:
        self.last_id = self._id
        name, data, self._name, self._data = self._name, self._data, "", None
        if data is None:
            return None
        return ServerEvent(self.last_id, name or "message", "\n".join(data))


def parse(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """The events of a stream that has an end."""
    parser = _Parser()
    for line in lines:
        event = parser.feed(line)
        if event:
            yield event


class EventFeed:
    """An endless stream of events over as many connections as it takes.

    Args:
        lost: called with a message when the connection breaks.
        deadline_s: monotonic time at which to give up; ``None``: never.
    """

    def __init__(
        self, api: Api, path: str, *, lost: Callable[[str], None], deadline_s: float | None = None
    ) -> None:
        """Nothing is opened yet."""
        self._api = api
        self._path = path
        self._lost = lost
        self._deadline_s = deadline_s
        self._parser = _Parser()
        self._failures = 0

    def events(self, *, opened: Callable[[], None]) -> Generator[ServerEvent, None, None]:
        """Yield events; ``opened`` is called after each connection is made, before its events.

        Raises:
            CommandError: the API refuses the stream, is not there at the first attempt, or it is too late.
        """
        while True:
            try:
                yield from self._connection(opened)
                self._pause("the stream ended")
            except (Unreachable, httpx2.TransportError) as error:
                if self._failures == 0 and not self._parser.last_id:
                    raise Unreachable(
                        f"no events from {self._api.url}: {error}", hint=NOT_RUNNING
                    ) from error
                self._pause(str(error))

    def _connection(self, opened: Callable[[], None]) -> Iterator[ServerEvent]:
        timeout_s = self._remaining_s()
        with self._api.stream(
            self._path, last_event_id=self._parser.last_id, timeout_s=timeout_s
        ) as response:
            opened()
            for line in response.iter_lines():
                event = self._parser.feed(line)
                self._remaining_s()
                if event:
                    self._failures = 0
                    yield event

    def _pause(self, why: str) -> None:
        self._failures += 1
        self._parser.restart()
        longest_s = min(MAX_RETRY_S, self._parser.retry_s * 2 ** min(self._failures - 1, 10))
        self._lost(f"connection lost ({why}); trying again")
        time.sleep(min(uniform(longest_s / 2, longest_s), self._remaining_s() or longest_s))  # noqa: S311 - spreads reconnects

    def _remaining_s(self) -> float | None:
        if self._deadline_s is None:
            return None
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise CommandError("not in time", code=Exit.TIMEOUT)
        return left_s
