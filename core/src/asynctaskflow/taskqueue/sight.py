"""Looks at one function's queue and workers for the scaling decision; decides nothing.

Shared by the local stack and the operator, which differ only in what a worker is: a process or a pod.
"""

import statistics
from collections.abc import Iterable, Sequence

from asynctaskflow.model.task import TaskState
from asynctaskflow.scaling import DependencySight, Observation, QueueSight, WorkerSight
from asynctaskflow.taskqueue.messages import QueueDepths, TaskFilter, WorkerInfo
from asynctaskflow.taskqueue.protocol import Reader

ARRIVALS = frozenset({"enqueued", "promoted", "redriven", "lease_expired"})


async def see_queue(reader: Reader, depths: QueueDepths, *, lead_s: float) -> QueueSight:
    """Depths in the terms of scaling; asks for the scheduled tasks only when the first is due soon."""
    due_soon, next_due_ms = 0, depths.next_due_ms
    if next_due_ms is not None and next_due_ms <= lead_s * 1000:
        until_ms = depths.now_ms + round(lead_s * 1000)
        soon = TaskFilter(depths.function, TaskState.SCHEDULED, until_ms=until_ms)
        due_soon = await reader.count(soon)
    return QueueSight(
        waiting=depths.states[TaskState.PENDING],
        due_soon=due_soon,
        running=depths.states[TaskState.ACTIVE],
        next_due_s=None if next_due_ms is None else next_due_ms / 1000,
        oldest_wait_s=depths.oldest_pending_ms / 1000,
        paused=depths.paused,
    )


def observe(
    *,
    queue: QueueSight | None,
    workers: Sequence[WorkerSight],
    p50_run_s: float,
    last_arrival_s: float | None,
    dependencies: tuple[DependencySight, ...],
    replicas: int | None = None,
) -> Observation:
    """One observation.

    Reports are a heartbeat old. Running tasks that no report accounts for are somewhere: each counts as
    one more busy worker, so that a worker which has just claimed is not taken for an idle one.

    Args:
        replicas: workers asked for, where that is not the number that is seen; a pod needs time to appear.
    """
    staying = [worker for worker in workers if not worker.draining]
    asked = len(staying) if replicas is None else replicas
    busy = sum(worker.active > 0 for worker in staying)
    known = sum(worker.active for worker in workers)
    unknown = max(0, queue.running - known) if queue else 0
    up = sum(worker.ready or worker.reported for worker in staying)
    return Observation(
        queue=queue,
        replicas=asked,
        busy=min(asked, busy + unknown),
        starting=max(0, asked - up),
        p50_run_s=p50_run_s,
        last_arrival_s=last_arrival_s,
        dependencies=dependencies,
    )


def median_run_s(reported: Iterable[WorkerInfo], *, before_s: float) -> float:
    """Median of the workers' medians; what was known before while none of them knows."""
    known = [worker.p50_run_ms for worker in reported if worker.p50_run_ms > 0]
    return statistics.median(known) / 1000 if known else before_s
