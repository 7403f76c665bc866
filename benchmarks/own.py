"""The promises that concern no peer: API, memory, pdfxtract. A part that breaks is named and does not hide the others."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from asynctaskflow_testkit.servers import RedisServer
from benchmarks.figures import Reached
from benchmarks.processes import Crew
from benchmarks.promises import api, pdf
from benchmarks.promises.api import ApiSize
from benchmarks.server import empty
from benchmarks.settings import Place, inherited
from benchmarks.systems import CATALOGUE, OURS_PYTHON, find
from benchmarks.witness import Ear

FULL = ApiSize(load_s=10, stored=1_000_000)
COMPILED_WITHIN_S = 120
QUICK = ApiSize(load_s=4, stored=100_000)


def measure_own(server: RedisServer, folder: Path, *, lease_s: int, quick: bool) -> list[Reached]:
    """Every promise; those of a part that breaks are missing, and standard error says why."""
    parts: tuple[Callable[[], Iterator[Reached]], ...] = (
        lambda: _api(server, folder, QUICK if quick else FULL, lease_s=lease_s),
        lambda: pdf.measure(server, folder),
    )
    _compile()
    reached: list[Reached] = []
    for part in parts:
        empty(server)
        try:
            # One by one: what came before a break counts.
            for one in part():
                reached.append(one)  # noqa: PERF402
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"not measured: {error}", file=sys.stderr)
    return reached


def _compile() -> None:
    """Import once what is measured, so that no measured process is the one that compiles it."""
    modules = (
        "asynctaskflow_api.main, asynctaskflow.worker.command, asynctaskflow_pdfxtract.handler"
    )
    command = [str(OURS_PYTHON), "-c", f"import {modules}"]
    subprocess.run(command, env=inherited(), check=True, timeout=COMPILED_WITHIN_S)


def _api(server: RedisServer, folder: Path, size: ApiSize, *, lease_s: int) -> Iterator[Reached]:
    counts = folder / "own-counts"
    counts.mkdir()
    with ExitStack() as stack:
        ear = Ear()
        stack.callback(ear.close)
        where = Place(server.url, counts, ear.port, lease_s, recovery=False)
        system = find(CATALOGUE[0], where)
        if system is None:
            raise RuntimeError("this project is not installed in its own environment")
        crew = stack.enter_context(Crew(system, where=where, folder=folder))
        yield from api.measure(server, crew, folder, size)
