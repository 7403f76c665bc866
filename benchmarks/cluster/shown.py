"""What Task resources cost the API server: writes for each one shown, at rates far above the budget too."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.kube import Watch
from benchmarks.cluster.stage import PROBE, Stage, label
from benchmarks.cluster.writes import Write, WriteLog, most_within, shown
from benchmarks.figures import Goal, Reached

PER_S, BURST = 50, 100  # the operator's defaults
WRITES_PER_TASK = 4
STEP_S = 0.1
TTL_S = 2
SETTLED_S = 300
QUIET_S = 5.0
READY_S = 60
WORKERS = 2
SLOTS = 256
ENDED_WELL = "COMPLETED"
# A task of Auto is shown once it has run for a second.
SECONDS = {"Always": 0.0, "Auto": 1.5}
WINDOWS_S = (1, 10)


@dataclass(slots=True)
class Sights:
    """The last state of each resource, as a watch has shown it, and which are still there."""

    states: dict[str, str] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    changed_s: float = 0.0

    def see(self, kind: str, live: dict[str, Any]) -> None:
        """One event of the watch."""
        name = live["metadata"]["name"]
        self.changed_s = time.monotonic()
        self.states[name] = live.get("status", {}).get("state", "")
        (self.there.discard if kind == "DELETED" else self.there.add)(name)

    @property
    def settled(self) -> bool:
        """Nothing is left, and nothing has come for a while."""
        return not self.there and time.monotonic() - self.changed_s > QUIET_S


def measure(stage: Stage, *, rates: tuple[int, ...], seconds: int) -> Iterator[Reached]:
    """Each visibility at each rate; two workers have slots for all of it."""
    for visibility, run_s in SECONDS.items():
        stage.add(
            visibility=visibility,
            concurrency={"slotsPerWorker": SLOTS},
            scaling={"minReplicas": WORKERS, "maxReplicas": WORKERS},
            history={"resourceTtlSeconds": TTL_S},
        )
        until(lambda: _is_up(stage), READY_S, what="the probe has its workers")
        for rate in rates:
            yield from _at(stage, visibility, rate=rate, seconds=seconds, run_s=run_s)


def _is_up(stage: Stage) -> bool:
    found = stage.product.get("deployment", f"atf-{PROBE}")["status"]
    return bool(found.get("readyReplicas") == WORKERS)


def _at(
    stage: Stage, visibility: str, *, rate: int, seconds: int, run_s: float
) -> Iterator[Reached]:
    sights, log = Sights(changed_s=time.monotonic()), WriteLog(stage.audit_log)
    watch = Watch(stage.kube, "tasks", sights.see, labels=label(PROBE))
    began_s = time.monotonic()
    _send(stage, rate=rate, seconds=seconds, run_s=run_s)
    until(lambda: sights.settled, SETTLED_S, what="all Tasks are shown and gone")
    watch.close()
    took_s = time.monotonic() - began_s - QUIET_S
    print(f"{visibility} at {rate}/s: settled after {took_s:.0f} s", file=sys.stderr)
    yield from _judged(f"{visibility} at {rate}/s", log.of_tasks(), sights, sent=rate * seconds)


def _judged(what: str, writes: list[Write], sights: Sights, *, sent: int) -> Iterator[Reached]:
    resources, verbs = shown(writes), Counter(one.verb for one in writes)
    wrong = sum(state != ENDED_WELL for state in sights.states.values())
    counts = ", ".join(f"{count} {verb}" for verb, count in sorted(verbs.items()))
    note = f"{resources:,} of {sent:,} shown; {counts}"
    per_task = [len(writes) / resources] if resources else []
    goal = Goal(f"{what}: writes a Task shown", WRITES_PER_TASK, "", at_least=False)
    yield Reached(goal, per_task, note)
    most = {w: most_within([one.at_s for one in writes], window_s=w) for w in WINDOWS_S}
    allowed = {w: PER_S * w + BURST for w in WINDOWS_S}
    tightest = max(WINDOWS_S, key=lambda w: most[w] / allowed[w])
    goal = Goal(f"{what}: writes in any {tightest} s", allowed[tightest], "", at_least=False)
    yield Reached(goal, [most[tightest]], f"any 1 s: {most[1]}")
    goal = Goal(f"{what}: last status wrong", 0, "Tasks", at_least=False)
    yield Reached(goal, [wrong], f"of {len(sights.states):,}")


def _send(stage: Stage, *, rate: int, seconds: int, run_s: float) -> None:
    """Submit at an even pace: what is due since the step before goes in one call."""
    began_s, wish = time.monotonic(), {"seconds": run_s}
    steps = [round(step * STEP_S * rate) for step in range(round(seconds / STEP_S) + 1)]
    for number, (before, due) in enumerate(pairwise(steps)):
        time.sleep(max(0.0, began_s + number * STEP_S - time.monotonic()))
        if due > before:
            stage.product.submit_many(PROBE, [wish] * (due - before))
