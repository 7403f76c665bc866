"""The record outside Redis: what was submitted, what ran, and what was broken on purpose.

One JSON object a line, appended with a single write to a file opened with O_APPEND, so that any number of
processes may write and a SIGKILL loses at most what was not yet handed to the kernel.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

EVERYONE = "*"


@dataclass(frozen=True, slots=True)
class Submitted:
    """The submitter got an answer (or none: code 0).

    Attributes:
        at_s: monotonic seconds; one clock for all processes of a machine.
        code: HTTP status; 202 for a direct enqueue that returned, 503 for one that raised.
    """

    at_s: float
    id: str
    key: str = ""
    code: int = 202

    @property
    def accepted(self) -> bool:
        """Whether the platform took responsibility for the task."""
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class Ran:
    """A handler came by: at its start or at its end."""

    at_s: float
    id: str
    attempt: int
    worker: str
    edge: Literal["start", "end"]
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something was broken on purpose.

    Attributes:
        worker: id of the only worker that it touched, or ``*``.
    """

    at_s: float
    kind: str
    worker: str = EVERYONE


@dataclass(frozen=True, slots=True)
class Call:
    """A handler's call of an outside service has ended.

    Attributes:
        outcome: ``answered`` or the error's class.
        granted_s: when limiter and breaker let it pass.
    """

    at_s: float
    id: str
    outcome: str
    granted_s: float


Entry = Submitted | Ran | Fault | Call
_KINDS: dict[str, type[Entry]] = {
    kind.__name__.lower(): kind for kind in (Submitted, Ran, Fault, Call)
}
E = TypeVar("E", Submitted, Ran, Fault, Call)


class Ledger:
    """Appends entries to one file and reads them back."""

    def __init__(self, path: Path) -> None:
        """Open for appending; the file is created if it is not there."""
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, entry: Entry) -> None:
        """Append one entry."""
        line = json.dumps({"entry": type(entry).__name__.lower(), **asdict(entry)})
        os.write(self._fd, line.encode() + b"\n")

    def submitted(self, task_id: object, *, key: str = "", code: int = 202) -> None:
        """The submitter got an answer."""
        self.write(Submitted(time.monotonic(), str(task_id), key, code))

    def fault(self, kind: str, *, worker: str = EVERYONE) -> None:
        """Something is about to be broken."""
        self.write(Fault(time.monotonic(), kind, worker))

    def entries(self) -> Iterator[Entry]:
        """All complete lines so far, in the order of writing."""
        for line in self.path.read_text().splitlines():
            yield parse(line)

    def of(self, kind: type[E]) -> list[E]:
        """All entries of one kind."""
        return [entry for entry in self.entries() if isinstance(entry, kind)]

    def faults(self) -> list[Fault]:
        """What was broken on purpose."""
        return self.of(Fault)

    def runs_by_task(self) -> dict[str, list[tuple[str, str, float]]]:
        """Task id -> (edge, worker, time) of its executions, in order."""
        found: dict[str, list[tuple[str, str, float]]] = {}
        for ran in sorted(self.of(Ran), key=lambda ran: ran.at_s):
            found.setdefault(ran.id, []).append((ran.edge, ran.worker, ran.at_s))
        return found

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def parse(line: str) -> Entry:
    """One line as an entry.

    Raises:
        ValueError: not a line that ``Ledger.write`` wrote.
    """
    row: dict[str, Any] = json.loads(line)
    kind = _KINDS.get(row.pop("entry", ""))
    if kind is None or {field.name for field in fields(kind)} != set(row):
        raise ValueError(f"not a ledger line: {line[:200]!r}")
    return kind(**row)
