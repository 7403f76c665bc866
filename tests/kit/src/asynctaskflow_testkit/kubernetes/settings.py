"""Where the harness keeps what it builds, and the environment that its programs get."""

import os
import tempfile
from pathlib import Path


class HarnessSettings:
    """Read from the environment at each use: tests change it."""

    @property
    def cache(self) -> Path:
        """What is worth keeping between runs: programs and images."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "asynctaskflow" / "kubernetes"

    @staticmethod
    def state(name: str) -> Path:
        """Everything of one cluster; gone after ``down``."""
        return Path(tempfile.gettempdir()) / f"asynctaskflow-cluster-{name}"

    @staticmethod
    def environment() -> dict[str, str]:
        """The environment of this process."""
        return dict(os.environ)
