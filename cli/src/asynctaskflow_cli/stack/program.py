"""How a worker is called."""

import sys
from pathlib import Path


def worker_argv(handler: str, folder: Path | None, *options: str) -> list[str]:
    """The command of a worker.

    Args:
        handler: ``module:function``.
        folder: of the manifest, as the working directory: its modules can be imported. ``None`` for an
            installed handler; then nothing of the working directory may stand in for it.
    """
    safe = [] if folder else ["-P"]
    return [sys.executable, *safe, "-m", "asynctaskflow.worker.main", handler, *options]
