"""Who this worker is: its id, and the record that it keeps in Redis."""

import os
import platform
import secrets
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from asynctaskflow.settings import WorkerSettings

UNKNOWN_VERSION = "0"
ID_CHARS = 120


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change while the worker lives."""

    id: str
    host: str
    pid: int
    pod: str
    version: str
    started_ms: int


def identify(settings: WorkerSettings, *, started_ms: int) -> Identity:
    """This process; its id is unique even if process ids repeat (in containers they do)."""
    host, pid = platform.node(), os.getpid()
    made = f"{settings.pod or host}-{pid}-{secrets.token_hex(3)}"
    try:
        release = version("asynctaskflow")
    except PackageNotFoundError:
        release = UNKNOWN_VERSION
    return Identity(
        id=(settings.worker_id or made)[-ID_CHARS:],
        host=host,
        pid=pid,
        pod=settings.pod,
        version=release,
        started_ms=started_ms,
    )
