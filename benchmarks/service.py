"""The API as its users reach it: a process of its own, asked over one kept connection."""

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

from asynctaskflow_testkit.lifetime import Closing, free_port
from benchmarks.processes import Child
from benchmarks.settings import inherited
from benchmarks.systems import OURS_PYTHON
from benchmarks.witness import LOOPBACK, wait_until

READY_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 30.0
WARM_UP = 20
JSON_TYPE = {"Content-Type": "application/json"}


class Service(Closing):
    """One API process; ended when closed."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        """Start it and wait until it is ready."""
        self.port = free_port()
        env = {
            **inherited(),
            "ATF_REDIS_URL": redis_url,
            "ATF_AUTH": "off",
            "ATF_API_PORT": str(self.port),
            "ATF_API_LOG_LEVEL": "warning",
        }
        command = [str(OURS_PYTHON), "-m", "asynctaskflow_api.main"]
        self.child = Child(command, env=env, log=folder / "api.log")
        self._connection = http.client.HTTPConnection(
            LOOPBACK, self.port, timeout=ANSWERED_WITHIN_S
        )
        try:
            wait_until(self._ready, READY_WITHIN_S, f"the API is ready; {self.child.log()}")
        except RuntimeError:
            self.child.kill()
            raise

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The decoded answer.

        Raises:
            RuntimeError: it was an error.
        """
        headers: Mapping[str, str] = JSON_TYPE if body else {}
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text)

    def median_ms(self, path: str, times: int) -> float:
        """Median time of a GET over a new connection, after some that nobody times."""
        self._connection.close()  # the server has closed one that was idle for long
        for _ in range(WARM_UP):
            self.ask("GET", path)
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            self.ask("GET", path)
            taken.append((time.perf_counter() - started) * 1000)
        return median(taken)

    def _ready(self) -> bool:
        with suppress(OSError, http.client.HTTPException, RuntimeError):
            self.ask("GET", "/ready")
            return True
        self._connection.close()
        return False

    def close(self) -> None:
        """End its processes."""
        self._connection.close()
        self.child.kill()
