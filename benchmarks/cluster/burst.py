"""The burst that scalers are compared with: forty tasks twice, and how many workers they were paid for."""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.kube import Watch
from benchmarks.cluster.stage import PROBE, Stage, label, wait_s
from benchmarks.figures import Goal, Reached, percentile

SEED = 1
TASKS = 40
SHORTEST_S, LONGEST_S = 1.0, 4.0
APART_S = 110.0
ENDS_WITHIN_S = 90
GONE_WITHIN_S = 90
WAIT_GOAL = Goal("two bursts of 40 tasks, wait p95", 13, "s", at_least=False)
COST_GOAL = Goal("the same, pod-seconds a second of work", 1.6, "", at_least=False)


@dataclass(slots=True)
class Lives:
    """When pods came and went, from a watch: creation to the end of the object.

    Attributes:
        going_s: from the moment at which a pod was to go until it was gone.
    """

    born_s: dict[str, float] = field(default_factory=dict)
    asked_s: dict[str, float] = field(default_factory=dict)
    going_s: list[float] = field(default_factory=list)
    spans_s: list[float] = field(default_factory=list)
    at_once: int = 0

    def see(self, kind: str, live: dict[str, Any]) -> None:
        """One event of the watch."""
        name, now_s = live["metadata"]["name"], time.monotonic()
        if kind == "ADDED":
            self.born_s[name] = now_s
            self.at_once = max(self.at_once, len(self.born_s))
        if live["metadata"].get("deletionTimestamp"):
            self.asked_s.setdefault(name, now_s)
        if kind == "DELETED" and name in self.born_s:  # others are of a part before
            self.spans_s.append(now_s - self.born_s.pop(name))
            self.going_s.append(now_s - self.asked_s[name])


def measure(stage: Stage, *, bursts: int) -> Iterator[Reached]:
    """Send the bursts, wait for the end of the last pod, add up."""
    stage.add(scaling={"maxReplicas": 10}, visibility="Never")
    lives = Lives()
    watch = Watch(stage.kube, "pods", lives.see, labels=label(PROBE))
    draw = random.Random(SEED)
    runs_s = [draw.uniform(SHORTEST_S, LONGEST_S) for _ in range(TASKS)]
    records: list[dict[str, Any]] = []
    for number in range(bursts):
        began_s = time.monotonic()
        records += _burst(stage, runs_s)
        if number < bursts - 1:
            time.sleep(max(0.0, began_s + APART_S - time.monotonic()))
    until(lambda: not lives.born_s, GONE_WITHIN_S, what="all pods are gone")
    watch.close()
    yield from _judged(records, lives, work_s=bursts * sum(runs_s))


def _burst(stage: Stage, runs_s: list[float]) -> list[dict[str, Any]]:
    ids = stage.product.submit_many(PROBE, [{"seconds": run_s} for run_s in runs_s])
    return [
        stage.product.await_state(task_id, "COMPLETED", within_s=ENDS_WITHIN_S) for task_id in ids
    ]


def _judged(records: list[dict[str, Any]], lives: Lives, *, work_s: float) -> Iterator[Reached]:
    waits_s = [wait_s(record) for record in records]
    middle, longest = percentile(waits_s, 0.5), max(waits_s)
    listed = " ".join(f"{value:.1f}" for value in sorted(waits_s))
    spans = " ".join(f"{value:.0f}" for value in sorted(lives.spans_s))
    going_s = sum(lives.going_s) / len(lives.going_s)
    print(f"waits s {listed}; pods s {spans}; going {going_s:.1f} s each", file=sys.stderr)
    note = f"p50 {middle:.1f}, first {min(waits_s):.2f}, max {longest:.1f}"
    yield Reached(WAIT_GOAL, [percentile(waits_s, 0.95)], note)
    spent_s = sum(lives.spans_s)
    note = f"{len(lives.spans_s)} pods, {lives.at_once} at once, {spent_s:.0f} s for {work_s:.0f} s"
    yield Reached(COST_GOAL, [spent_s / work_s], note)
