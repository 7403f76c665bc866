"""When the API server was written to, from its audit log; and the most writes of any stretch of time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

OPERATOR = ":atf-asynctaskflow-operator"
CREATED = 201


@dataclass(frozen=True, slots=True)
class Write:
    """One request that was to change something.

    Attributes:
        at_s: when the API server received it, since the epoch.
        resource: plural and subresource, such as ``tasks/status``.
    """

    at_s: float
    verb: str
    resource: str
    name: str
    code: int


class WriteLog:
    """What the operator has written since a moment."""

    def __init__(self, path: Path) -> None:
        """From now on."""
        self._path = path
        self._since = path.stat().st_size

    def writes(self) -> list[Write]:
        """In the order of their answers; one that was just answered may be missing."""
        with self._path.open("rb") as log:
            log.seek(self._since)
            lines = log.read().rpartition(b"\n")[0].splitlines()
        events = (json.loads(line) for line in lines)
        return [
            Write(
                at_s=datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp(),
                verb=event["verb"],
                resource="/".join(filter(None, (what["resource"], what.get("subresource", "")))),
                name=what.get("name", ""),
                code=event["responseStatus"]["code"],
            )
            for event in events
            if (what := event.get("objectRef")) and event["user"]["username"].endswith(OPERATOR)
        ]

    def of_tasks(self) -> list[Write]:
        """Those of Task resources."""
        return [one for one in self.writes() if one.resource.partition("/")[0] == "tasks"]


def most_within(at_s: Sequence[float], *, window_s: float) -> int:
    """The largest number of moments in any window of this length."""
    ordered, first, most = sorted(at_s), 0, 0
    for last, moment_s in enumerate(ordered):
        while moment_s - ordered[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def shown(writes: Sequence[Write]) -> int:
    """How many resources were made."""
    return sum(one.verb == "create" and one.code == CREATED for one in writes)
