"""Looks at one function for the scaling decision: queue and dependencies in Redis, processes here."""

import statistics
from collections.abc import Mapping, Sequence

from asynctaskflow.model.task import TaskState
from asynctaskflow.scaling import DependencySight, Observation, QueueSight, WorkerSight
from asynctaskflow.taskqueue.messages import QueueDepths, TaskFilter, WorkerInfo
from asynctaskflow.taskqueue.protocol import Reader
from asynctaskflow_cli.stack.fleet import Member

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


def see_workers(
    members: Sequence[Member], reported: Mapping[int, WorkerInfo]
) -> tuple[WorkerSight, ...]:
    """Processes with what they last reported of themselves; the id is the pid."""
    return tuple(
        WorkerSight(
            id=str(member.child.pid),
            started_s=member.born_s,
            ready=member.child.pid in reported,
            active=_active(reported.get(member.child.pid)),
            draining=member.draining,
        )
        for member in members
    )


def observe(
    *,
    queue: QueueSight | None,
    workers: Sequence[WorkerSight],
    p50_run_s: float,
    last_arrival_s: float | None,
    dependencies: tuple[DependencySight, ...],
) -> Observation:
    """One observation.

    Reports are a heartbeat old. Running tasks that no report accounts for are somewhere: each counts as
    one more busy worker, so that a worker which has just claimed is not taken for an idle one.
    """
    staying = [worker for worker in workers if not worker.draining]
    busy = sum(worker.active > 0 for worker in staying)
    known = sum(worker.active for worker in workers)
    unknown = max(0, queue.running - known) if queue else 0
    return Observation(
        queue=queue,
        replicas=len(staying),
        busy=min(len(staying), busy + unknown),
        p50_run_s=p50_run_s,
        last_arrival_s=last_arrival_s,
        dependencies=dependencies,
    )


def median_run_s(reported: Mapping[int, WorkerInfo], *, before_s: float) -> float:
    """Median of the workers' medians; what was known before while none of them knows."""
    known = [worker.p50_run_ms for worker in reported.values() if worker.p50_run_ms > 0]
    return statistics.median(known) / 1000 if known else before_s


def _active(worker: WorkerInfo | None) -> int:
    return worker.active if worker else 0
