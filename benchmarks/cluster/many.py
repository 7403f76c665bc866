"""An operator with much to look after and nothing to do: processor, memory, and how soon it is back after a restart."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.operator_process import OperatorProcess
from benchmarks.cluster.stage import Stage, function, task
from benchmarks.figures import Goal, Reached

HELD = "held"  # its tasks wait for ever, so their resources stay
KNOWN_S = 600
QUIET_S = 5.0
SETTLED_S = 300
BACK_S = 300


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, and for how long idling is measured."""

    functions: int
    tasks: int
    idle_s: int


def measure(stage: Stage, size: Size) -> Iterator[Reached]:
    """Functions first, then Tasks as well, then a restart."""
    operator = OperatorProcess(stage)
    before_mb = operator.resident_mb()
    names = [f"idle-{number}" for number in range(size.functions)]
    began_s = time.monotonic()
    stage.kube.create("functions", [function(name) for name in names])
    until(lambda: _ready(stage) >= size.functions, KNOWN_S, what="all Functions are ready")
    took_s = time.monotonic() - began_s
    print(f"{size.functions} Functions ready after {took_s:.0f} s", file=sys.stderr)
    what = f"{size.functions:,} Functions"
    yield from _idle(
        stage, operator, what, size, note=f"{before_mb:.0f} without, all ready in {took_s:.0f} s"
    )
    stage.add(HELD, paused=True, queue={"maxDepth": 10_000})
    began_s = time.monotonic()
    stage.kube.create("tasks", [task(f"held-{number}", HELD) for number in range(size.tasks)])
    until(lambda: _shown(stage) >= size.tasks, KNOWN_S, what="all Tasks have a status")
    took_s = time.monotonic() - began_s
    print(f"{size.tasks} Tasks have a status after {took_s:.0f} s", file=sys.stderr)
    what = f"{size.functions:,} Functions and {size.tasks:,} Tasks"
    yield from _idle(stage, operator, what, size, note=f"all have a status in {took_s:.0f} s")
    yield from _restart(stage, operator, what, size)


def _ready(stage: Stage) -> int:
    """Functions that say that they are."""
    time.sleep(1)
    found = stage.kube.list("functions")["items"]
    conditions = [one.get("status", {}).get("conditions", ()) for one in found]
    return sum(
        any(c["type"] == "Ready" and c["status"] == "True" for c in one) for one in conditions
    )


def _shown(stage: Stage) -> int:
    """Tasks with a status of the operator's; the kind gives a new one a state of its own."""
    time.sleep(2)
    return sum("taskId" in one.get("status", {}) for one in stage.kube.list("tasks")["items"])


def _settle(stage: Stage) -> None:
    """Wait for Kubernetes: its controllers write about new objects for a minute, and the operator looks at each write."""
    seen: list[str] = []

    def is_quiet() -> bool:
        before = seen.copy()
        time.sleep(QUIET_S)
        seen[:] = [
            one["metadata"]["resourceVersion"]
            for kind in ("functions", "deployments", "poddisruptionbudgets", "tasks")
            for one in stage.kube.list(kind)["items"]
        ]
        return seen == before

    until(is_quiet, SETTLED_S, what="nothing is written any more")


def _idle(
    stage: Stage, operator: OperatorProcess, what: str, size: Size, *, note: str
) -> Iterator[Reached]:
    _settle(stage)
    began_s, used_s = time.monotonic(), operator.cpu_s()
    time.sleep(size.idle_s)
    share = (operator.cpu_s() - used_s) / (time.monotonic() - began_s)
    yield Reached(Goal(f"operator, idle, {what}", 5, "% of a core", at_least=False), [share * 100])
    memory = Goal("the same, resident", 200, "MB", at_least=False)
    yield Reached(memory, [operator.resident_mb()], note)


def _restart(stage: Stage, old: OperatorProcess, what: str, size: Size) -> Iterator[Reached]:
    """A new pod: from its process's start until it acts, and until it knows all there is."""
    began_s = time.monotonic()
    stage.kube.delete("pods", old.pod_name)
    new = OperatorProcess(stage, after=old.uid)
    until(new.is_ready, BACK_S, what="the operator acts")
    ready_s, gap_s = new.age_s(), time.monotonic() - began_s
    until(lambda: _knows(new, size), BACK_S, what="the operator knows all")
    known_s = new.age_s()
    cpu_s = new.cpu_s()
    note = f"{gap_s:.1f} s after the pod before was deleted"
    goal = Goal(f"operator restarted, {what}: start→ready", 15, "s", at_least=False)
    yield Reached(goal, [ready_s], note)
    goal = Goal("the same, start→all known", 30, "s", at_least=False)
    yield Reached(goal, [known_s], f"{cpu_s:.1f} s of processor time, {new.resident_mb():.0f} MB")


def _knows(operator: OperatorProcess, size: Size) -> bool:
    functions, tasks = operator.metric("functions"), operator.metric("tasks_shown")
    return functions >= size.functions and tasks >= size.tasks
