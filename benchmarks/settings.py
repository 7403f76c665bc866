"""The benchmark's only look at the environment. Standard library only: the peers' interpreters read it too."""

import os
from dataclasses import dataclass
from pathlib import Path

COMPILED = Path(__file__).resolve().parents[1] / "build" / "bench-pycache"


@dataclass(frozen=True, slots=True)
class Place:
    """What the harness tells the processes that it starts.

    Attributes:
        redis_url: the server under test.
        counts: folder in which each worker process counts the tasks that it ran.
        witness_port: UDP port on loopback that hears of starts.
        lease_s: after how long a silent worker's task is given to another, where a peer can say so.
        recovery: recovery is measured: peers may look for lost tasks as often as they can be told to.
    """

    redis_url: str
    counts: Path
    witness_port: int
    lease_s: int
    recovery: bool

    def environment(self) -> dict[str, str]:
        """The variables that ``place`` reads back."""
        return {
            "BENCH_REDIS_URL": self.redis_url,
            "BENCH_COUNTS": str(self.counts),
            "BENCH_WITNESS_PORT": str(self.witness_port),
            "BENCH_LEASE_S": str(self.lease_s),
            "BENCH_RECOVERY": "1" if self.recovery else "",
        }


def place() -> Place:
    """Where this process runs, said by the harness that started it."""
    return Place(
        redis_url=os.environ["BENCH_REDIS_URL"],
        counts=Path(os.environ["BENCH_COUNTS"]),
        witness_port=int(os.environ["BENCH_WITNESS_PORT"]),
        lease_s=int(os.environ["BENCH_LEASE_S"]),
        recovery=bool(os.environ["BENCH_RECOVERY"]),
    )


def inherited() -> dict[str, str]:
    """This process's environment for children, with compiled modules kept: from the second start on, as usual.

    A process that compiles what it imports starts seconds later and stays some ten megabytes larger.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(COMPILED)}


def json_path() -> Path | None:
    """``BENCH_JSON``: where the figures are written, nowhere if it is not set."""
    name = os.environ.get("BENCH_JSON", "")
    return Path(name) if name else None
