"""``make bench-cluster``: what this project promises on Kubernetes, measured on a cluster that is started for it."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx2

from asynctaskflow_testkit.commands import CommandFailed
from asynctaskflow_testkit.kubernetes.machine import why_not
from benchmarks import table
from benchmarks.cluster import burst, many, shown, start
from benchmarks.cluster.stage import Stage, stage
from benchmarks.figures import Reached
from benchmarks.settings import json_path

PARTS = ("start", "burst", "shown", "many")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does."""

    rounds: int
    bursts: int
    rates: tuple[int, ...]
    seconds: int
    size: many.Size


FULL = Plan(20, 2, (1, 10, 50, 200), 20, many.Size(functions=1_000, tasks=5_000, idle_s=30))
QUICK = Plan(6, 1, (10, 200), 6, many.Size(functions=100, tasks=500, idle_s=15))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, one burst, fewer objects"
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="only these")
    parser.add_argument("--keep", action="store_true", help="leave the cluster up")
    return parser.parse_args()


def measure(on: Stage, plan: Plan, parts: Sequence[str]) -> list[Reached]:
    """Part by part; one that breaks is named and does not hide the others."""
    measures: Mapping[str, Callable[[], Iterator[Reached]]] = {
        "start": lambda: start.measure(on, plan.rounds),
        "burst": lambda: burst.measure(on, bursts=plan.bursts),
        "shown": lambda: shown.measure(on, rates=plan.rates, seconds=plan.seconds),
        "many": lambda: many.measure(on, plan.size),
    }
    reached: list[Reached] = []
    for part in PARTS:
        if part not in parts:
            continue
        began_s = time.monotonic()
        try:
            # One by one: what came before a break counts.
            for one in measures[part]():
                reached.append(one)  # noqa: PERF402
        except (AssertionError, RuntimeError, OSError, CommandFailed, httpx2.HTTPError) as error:
            print(f"{part}: not measured: {error}", file=sys.stderr)
        print(f"{part}: {time.monotonic() - began_s:.0f} s, load {_load()}", file=sys.stderr)
    return reached


def published(reached: Sequence[Reached]) -> dict[str, dict[str, list[float]]]:
    """What ``BENCH_JSON`` holds."""
    return {"measures": {one.goal.what: list(one.runs) for one in reached}}


def main() -> int:
    """Measure, print, write; 2 and one line if this machine cannot."""
    said = arguments()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    with stage(keep=said.keep) as on:
        reached = measure(on, QUICK if said.quick else FULL, said.part)
    system = f"{platform.system()} {platform.release()}"
    print(f"{os.cpu_count()} processors, {system}; load at the end {_load()}\n")
    print(table.goals(reached))
    path = json_path()
    if path is not None:
        path.write_text(json.dumps(published(reached), indent=1) + "\n")
    return 0


def _load() -> str:
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
