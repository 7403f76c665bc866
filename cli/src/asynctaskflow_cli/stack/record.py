"""The file that tells other ``atf`` commands where the running local stack is.

Holds a password, so only its owner may read it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

FILE_NAME = "stack.json"
LOCK_NAME = "lock"


class AlreadyRunning(Exception):
    """Another local stack uses this data directory."""


class FolderUnusable(Exception):
    """A folder of the local stack cannot be made or written."""


@dataclass(frozen=True, slots=True)
class StackRecord:
    """A running local stack.

    Attributes:
        pid, born_s: process and its start time: a reused pid is not mistaken for it.
        api_url, redis_url: how to reach it.
    """

    pid: int
    born_s: float
    api_url: str
    redis_url: str
    data_dir: str

    @classmethod
    def of_this_process(cls, *, api_url: str, redis_url: str, data_dir: Path) -> "StackRecord":
        """The record of a stack whose supervisor is this process."""
        born_s = psutil.Process().create_time()
        return cls(os.getpid(), born_s, api_url, redis_url, str(data_dir))

    def is_alive(self) -> bool:
        """Whether its supervisor still runs."""
        try:
            return psutil.Process(self.pid).create_time() == self.born_s
        except psutil.Error:
            return False


def read(state_dir: Path) -> StackRecord | None:
    """The running local stack, if there is one."""
    try:
        record = StackRecord(**json.loads((state_dir / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.is_alive() else None


@contextmanager
def published(state_dir: Path, record: StackRecord) -> Iterator[StackRecord]:
    """Keep the record in its file while the block runs, unless another stack that runs has its own there.

    Yields:
        what the other ``atf`` commands find: this record, or that of the stack which was first.

    Raises:
        FolderUnusable
    """
    first = read(state_dir)
    if first:
        yield first
        return
    with _usable(state_dir):
        _write(state_dir / FILE_NAME, record)
    try:
        yield record
    finally:
        if read(state_dir) == record:
            (state_dir / FILE_NAME).unlink(missing_ok=True)


def _write(path: Path, record: StackRecord) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{record.pid}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 - only os.open sets the mode at creation
        json.dump(asdict(record), file)
    fresh.replace(path)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderUnusable(f"{folder}: {error.strerror}; choose another folder") from error


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process; the kernel lets go of it when the process dies.

    Raises:
        AlreadyRunning, FolderUnusable
    """
    with _usable(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (data_dir / LOCK_NAME).open("a+")
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "?"
            raise AlreadyRunning(
                f"{data_dir} is in use by the local stack of pid {owner}; "
                "stop that one, or choose another --data-dir"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
