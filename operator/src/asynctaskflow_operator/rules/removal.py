"""Which pods may go so that no task is interrupted: what Kubernetes would take must be what we would take.

A ReplicaSet first takes pods that are not ready, then those of lowest deletion cost. So a scale-down is only safe
when every unready pod is among the victims; deletion cost decides between the ready ones.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asynctaskflow.scaling import WorkerSight, choose_victims


@dataclass(frozen=True, slots=True)
class Removal:
    """What to lower the number of replicas by.

    Attributes:
        absent: pods that were asked for and do not exist yet: lowering the number is enough.
        victims: existing pods to mark first.
    """

    absent: int = 0
    victims: tuple[str, ...] = ()


def plan_removal(workers: Sequence[WorkerSight], *, asked: int, fewer: int) -> Removal:
    """At most ``fewer`` of ``asked`` replicas, idle ones only."""
    staying = [worker for worker in workers if not worker.draining]
    absent = min(fewer, max(0, asked - len(staying)))
    return Removal(absent, choose_victims(staying, count=fewer - absent))


def is_safe(workers: Sequence[WorkerSight], *, marked: Collection[str]) -> bool:
    """Whether Kubernetes would take the marked pods: none but them is unready."""
    return all(worker.ready or worker.draining or worker.id in marked for worker in workers)
