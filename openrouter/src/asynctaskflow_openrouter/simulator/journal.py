"""What the simulator saw: the outside record that tests hold against promises of limiter and breaker."""

from collections import deque
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

KEPT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        arrived_s: monotonic clock of the simulator's machine, for windows and gaps.
        wall_ms: for people.
        credential: fingerprint of the bearer key, '' without one; the key itself is never kept.
        outcome: the step's kind, or why it never came to a step (``limited``, ``unauthorized``, …).
        host: the Host header that the client sent.
    """

    arrived_s: float
    wall_ms: int
    method: str
    path: str
    credential: str
    outcome: str
    status: int
    model: str = ""
    call_id: str = ""
    host: str = ""


def fingerprint(key: str) -> str:
    """The same fingerprint that the client makes of its key."""
    return sha256(key.encode()).hexdigest()[:12] if key else ""


class Journal:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        """Start empty."""
        self._calls: deque[Call] = deque(maxlen=KEPT)

    def note(self, call: Call) -> None:
        """Keep a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all."""
        self._calls.clear()

    @property
    def calls(self) -> list[Call]:
        """All that are kept."""
        return list(self._calls)

    def completions(self, outcome: str | None = None) -> list[Call]:
        """Chat completions, of one outcome or of any."""
        return [
            call
            for call in self._calls
            if call.path.endswith("/chat/completions") and outcome in {None, call.outcome}
        ]

    def as_json(self) -> list[dict[str, Any]]:
        """For the control endpoint."""
        return [asdict(call) for call in self._calls]
