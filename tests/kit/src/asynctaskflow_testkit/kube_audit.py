"""What an API server was asked, read from its audit log: tests and benchmarks count a program's requests with it."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# A watch is counted when it opens, every other request when it is answered.
COUNTED_STAGES = {"watch": "ResponseStarted"}
ANSWERED = "ResponseComplete"
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: ["system:apiserver"]
  - level: Metadata
"""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        verb: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``, ``deletecollection``.
        resource: plural and subresource, such as ``tasks/status``; the path of a request for no resource.
        code: HTTP status.
    """

    verb: str
    resource: str
    namespace: str
    name: str
    user: str
    agent: str
    code: int

    @property
    def writes(self) -> bool:
        """Whether it was to change something."""
        return self.verb in WRITES


class AuditLog:
    """The log of one API server; an event is in it a moment after its answer, so wait for what you expect."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def position(self) -> int:
        """Where the log ends now; see ``requests``."""
        return self._path.stat().st_size if self._path.exists() else 0

    def requests(self, *, namespace: str = "", since: int = 0) -> list[Request]:
        """All requests in order.

        Args:
            namespace: only those in it; blank: all.
            since: a ``position()`` of earlier.
        """
        found = [_request(event) for event in self._events(since) if _counts(event)]
        return [one for one in found if namespace in ("", one.namespace)]

    def writes(self, *, namespace: str = "", since: int = 0) -> Counter[tuple[str, str]]:
        """(Verb, resource) -> how many requests were to change something."""
        found = self.requests(namespace=namespace, since=since)
        return Counter((one.verb, one.resource) for one in found if one.writes)

    def _events(self, since: int) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(since)
            # The last line may be half written.
            whole = log.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]


def _counts(event: dict[str, Any]) -> bool:
    return bool(event["stage"] == COUNTED_STAGES.get(event["verb"], ANSWERED))


def _request(event: dict[str, Any]) -> Request:
    what = event.get("objectRef", {})
    parts = [what.get("resource", event["requestURI"]), what.get("subresource", "")]
    return Request(
        verb=event["verb"],
        resource="/".join(part for part in parts if part),
        namespace=what.get("namespace", ""),
        name=what.get("name", ""),
        user=event["user"].get("username", ""),
        agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
    )
