"""The operator's process: its processor time and memory from /proc, its probes and metrics from its pod's address."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.stage import Stage

LABEL = "app.kubernetes.io/component=operator"
PORT = 8080
PROBE_S = 2.0
FOUND_S = 60
MEBI = 1024
COMMAND = b"asynctaskflow_operator.main"
TICKS = os.sysconf("SC_CLK_TCK")


class OperatorProcess:
    """The one that runs now; another one after a restart."""

    def __init__(self, stage: Stage, *, after: str = "") -> None:
        """Find it.

        Args:
            after: UID of the pod before, whose end is not waited for.
        """
        pod = until(lambda: _pod(stage, after), FOUND_S, what="the operator has a pod")
        self.uid: str = pod["metadata"]["uid"]
        self.pod_name: str = pod["metadata"]["name"]
        self.pid = until(lambda: _pid(self.uid), FOUND_S, what="the operator's process")
        self._client = httpx2.Client(
            base_url=f"http://{pod['status']['podIP']}:{PORT}", timeout=PROBE_S, trust_env=False
        )

    def cpu_s(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        """Resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        kibi = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return kibi / MEBI

    def age_s(self) -> float:
        """Since its exec, to the hundredth."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return float(Path("/proc/uptime").read_text().split()[0]) - int(fields[19]) / TICKS

    def is_ready(self) -> bool:
        """Whether it acts."""
        with suppress(httpx2.TransportError):
            return self._client.get("/ready").is_success
        return False

    def metric(self, name: str) -> float:
        """A metric without labels; 0 while there is none."""
        with suppress(httpx2.TransportError):
            for line in self._client.get("/metrics").text.splitlines():
                if line.startswith(f"atf_operator_{name} "):
                    return float(line.split()[1])
        return 0.0


def _pod(stage: Stage, after: str) -> dict[str, Any]:
    """The operator's pod, once it has an address; empty: not yet."""
    found: list[dict[str, Any]] = stage.kube.list("pods", labels=LABEL)["items"]
    for pod in found:
        if pod["metadata"]["uid"] != after and pod["status"].get("podIP"):
            return pod
    return {}


def _pid(uid: str) -> int:
    """The process of a pod; 0: none yet."""
    return next((pid for pid in _pids() if _is_of(pid, uid)), 0)


def _pids() -> Iterator[int]:
    return (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())


def _is_of(pid: int, uid: str) -> bool:
    with suppress(OSError):
        home = Path(f"/proc/{pid}")
        return COMMAND in (home / "cmdline").read_bytes() and uid in (home / "cgroup").read_text()
    return False
