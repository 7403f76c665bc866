"""Crash tests hit the exact line and not luck: end or freeze the process at a named point."""

import os
import signal
import time

EXIT_CODE = 139
SLEEP_S = 3600.0


class Faultpoints:
    """Does nothing unless the settings name a point, as in ``after_claim=exit``."""

    def __init__(self, setting: str) -> None:
        """Read ``<point>=exit|sleep``; empty: none."""
        self._point, _, self._act = setting.partition("=")

    def reach(self, point: str) -> None:
        """Execution is at this point now."""
        if point != self._point:
            return
        if self._act == "exit":
            os._exit(EXIT_CODE)
        os.kill(os.getpid(), signal.SIGSTOP) if self._act == "stop" else time.sleep(SLEEP_S)
