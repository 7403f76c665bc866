"""Pods and what their workers reported, as the scaling decision sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asynctaskflow.scaling import WorkerSight
from asynctaskflow.taskqueue.messages import WorkerInfo


@dataclass(frozen=True, slots=True)
class PodSight:
    """One worker pod as the watch shows it."""

    name: str
    created_s: float
    ready: bool
    terminating: bool


def see_pods(
    pods: Iterable[PodSight], reported: Mapping[str, WorkerInfo], *, offered: Iterable[str]
) -> tuple[WorkerSight, ...]:
    """Workers by pod name.

    Args:
        reported: by worker id, which is the pod's name.
        offered: pods that were marked for removal: they claim nothing more.
    """
    going = frozenset(offered)
    return tuple(
        WorkerSight(
            id=pod.name,
            started_s=pod.created_s,
            ready=pod.ready,
            reported=pod.name in reported,
            active=reported[pod.name].active if pod.name in reported else 0,
            draining=pod.terminating or pod.name in going,
        )
        for pod in pods
    )
