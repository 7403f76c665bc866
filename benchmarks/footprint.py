"""How much memory processes hold: the resident sets of a process and all its children, added up.

Pages that they share are counted once for each: an upper bound.
"""

import threading
from types import TracebackType

import psutil

SAMPLE_S = 0.01
MB = 1_000_000


def resident_mb(pid: int) -> float:
    """Now, of the process and its descendants."""
    try:
        leader = psutil.Process(pid)
        family = [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_resident_bytes(process) for process in family) / MB


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


class Peak:
    """The highest of many looks while the block runs.

    Attributes:
        mb: highest so far.
    """

    def __init__(self, pid: int) -> None:
        """Not looking yet."""
        self.mb = 0.0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._done.wait(SAMPLE_S):
            self.mb = max(self.mb, resident_mb(self._pid))

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
