"""Resource limits that a process puts on itself before it touches an untrusted file.

Standard library only, and runnable as a script: ``python -I -S limits.py <json> <program> <args>``
limits itself and becomes the program. Setting limits between fork and exec instead would run Python
in the child of a process with threads, which can deadlock.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child process may use."""

    memory_bytes: int
    cpu_s: int
    open_files: int = 64

    def as_argument(self) -> str:
        """Return the limits as one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> "Limits":
        """Return the limits that ``as_argument`` wrote."""
        return cls(**json.loads(argument))

    def apply(self) -> None:
        """Limit this process for good: memory, CPU, files; no core dump, no file growth."""
        _die_with_parent()
        for kind, value in (
            (resource.RLIMIT_AS, self.memory_bytes),
            (resource.RLIMIT_CPU, self.cpu_s),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (value, value))


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere the wall limit has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    Limits.from_argument(sys.argv[1]).apply()
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a program that the parent chose, no shell
