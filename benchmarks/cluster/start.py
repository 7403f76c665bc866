"""From zero: how soon after a task's acceptance replicas are patched, and how soon the task starts."""

import sys
from collections.abc import Iterator

from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.stage import PROBE, Stage, moment_s, wait_s
from benchmarks.cluster.writes import WriteLog
from benchmarks.figures import Goal, Reached, percentile

STARTS_WITHIN_S = 60
LOGGED_S = 5
SCALING = {"idleSeconds": 0, "down": {"stabilizationSeconds": 0}}  # so that rounds are short
PATCH_GOAL = Goal("enqueue→replica patch p95, from zero", 100, "ms", at_least=False)
START_GOAL = Goal("enqueue→first start p95, from zero, image present", 1.3, "s", at_least=False)


def measure(stage: Stage, rounds: int) -> Iterator[Reached]:
    """One task each round, with no worker there; the first round warms up and does not count."""
    stage.add(scaling=SCALING, visibility="Never")
    found = [_round(stage) for _ in range(rounds + 1)][1:]
    patches_ms = [patch_s * 1000 for patch_s, _ in found]
    starts_s = [start_s for _, start_s in found]
    print(f"patches ms {_listed(patches_ms)}; starts s {_listed(starts_s)}", file=sys.stderr)
    note = f"{rounds} rounds, p50 {percentile(patches_ms, 0.5):.0f}, max {max(patches_ms):.0f}"
    yield Reached(PATCH_GOAL, [percentile(patches_ms, 0.95)], note)
    note = f"p50 {percentile(starts_s, 0.5):.2f}, max {max(starts_s):.2f}"
    yield Reached(START_GOAL, [percentile(starts_s, 0.95)], note)


def _round(stage: Stage) -> tuple[float, float]:
    """Seconds from acceptance to the patch and to the start."""
    stage.await_none()
    log = WriteLog(stage.audit_log)
    task_id = stage.product.submit(PROBE, {})
    record = stage.product.await_state(task_id, "COMPLETED", within_s=STARTS_WITHIN_S)
    patched_s = until(lambda: _first_patch(log), LOGGED_S, what="the patch is in the audit log")
    return patched_s - moment_s(record["created_at"]), wait_s(record)


def _first_patch(log: WriteLog) -> float:
    """When the Deployment was first patched; 0: not yet."""
    found = [one.at_s for one in log.writes() if _is_scaling(one.resource, one.name)]
    return min(found, default=0.0)


def _is_scaling(resource: str, name: str) -> bool:
    return resource == "deployments" and name == f"atf-{PROBE}"


def _listed(values: list[float]) -> str:
    return " ".join(f"{value:.3g}" for value in sorted(values))
