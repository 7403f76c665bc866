"""The local stack's workers as the scaling decision sees them: processes, by their pid."""

from collections.abc import Mapping, Sequence

from asynctaskflow.scaling import WorkerSight
from asynctaskflow.taskqueue.messages import WorkerInfo
from asynctaskflow_cli.stack.fleet import Member


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


def _active(worker: WorkerInfo | None) -> int:
    return worker.active if worker else 0
