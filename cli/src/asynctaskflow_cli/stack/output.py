"""The one stream of lines that all processes of the stack write to: prefixed, coloured on a terminal."""

import sys
from pathlib import Path
from typing import Protocol, TextIO

from asynctaskflow_cli.stack.readable import readable

NAME_WIDTH = 14
COLORS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)


class LineSink(Protocol):
    """Takes lines of named processes."""

    def write(self, name: str, line: str) -> None:
        """Take one line without its end."""
        ...


class Console:
    """Writes ``name | line`` to a stream and, if asked, each process to a file of its own.

    Args:
        color: colour the names, one per process.
        log_dir: ``<name>.log`` is appended to in this folder.
        echo: write the processes' lines to the stream too.
    """

    def __init__(
        self,
        *,
        stream: TextIO | None = None,
        color: bool = False,
        log_dir: Path | None = None,
        echo: bool = True,
    ) -> None:
        """Create the folder."""
        self._stream = stream or sys.stderr
        self._color = color
        self._log_dir = log_dir
        self._echo = echo
        self._names: dict[str, int] = {}
        if log_dir:
            log_dir.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, line: str) -> None:
        """Write one line of a process: as it is to its file, readable to the stream."""
        if self._log_dir:
            with (self._log_dir / f"{name}.log").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        shown = readable(line) if self._echo else None
        if shown:
            print(f"{self._prefix(name)}{shown}", file=self._stream, flush=True)

    def say(self, line: str) -> None:
        """Write one line of the stack itself, also where the processes' lines are not echoed."""
        print(f"{self._prefix('atf')}{line}", file=self._stream, flush=True)

    def _prefix(self, name: str) -> str:
        padded = f"{name:<{NAME_WIDTH}}"
        if not self._color:
            return f"{padded} | "
        number = self._names.setdefault(name, len(self._names))
        return f"\033[{COLORS[number % len(COLORS)]}m{padded} |\033[0m "
