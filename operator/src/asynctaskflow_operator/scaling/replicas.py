"""Makes a Deployment have the number of workers that was decided, and never takes one that holds a task.

Down: mark idle workers in Redis (they claim nothing more), make their pods the cheapest to delete, then lower the
number. What Kubernetes took instead is seen, and whoever was marked in vain claims again.
"""

import asyncio
from collections.abc import Sequence

import structlog

from asynctaskflow.clock import Clock
from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.scaling import Decision, WorkerSight
from asynctaskflow.taskqueue.protocol import Steering
from asynctaskflow_operator.events import EventKind, Events
from asynctaskflow_operator.functions.book import Managed
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import Kube, KubeError, KubeNotFound
from asynctaskflow_operator.manifests.worker import DELETION_COST, object_name
from asynctaskflow_operator.rules.removal import is_safe, plan_removal

CHEAPEST = "-1000"
TAKEN_WITHIN_S = 5.0  # a ReplicaSet deletes within a second; slower ones get another chance

log = structlog.get_logger()


class Replicas:
    """Changes Deployments."""

    def __init__(
        self, kube: Kube, steering: Steering, events: Events, gauges: OperatorGauges, clock: Clock
    ) -> None:
        """Nothing is sent yet."""
        self._kube = kube
        self._steering = steering
        self._events = events
        self._gauges = gauges
        self._clock = clock
        self._callbacks: set[asyncio.Task[None]] = set()

    def settle(self, one: Managed) -> frozenset[str]:
        """The pods that are marked for removal and still there; those that were spared claim again."""
        now_s = self._clock.mono_s()
        workers, spared = one.workers, []
        for name, since_s in tuple(workers.offered.items()):
            pod = workers.pods.get(name)
            if pod is None:
                del workers.offered[name]
            elif not pod.terminating and now_s - since_s > TAKEN_WITHIN_S:
                del workers.offered[name]
                spared.append(name)
        if spared:
            self._gauges.wrong_victim(one.name)
            log.warning("pods_spared", function=one.name, pods=spared)
            self._soon(one.name, spared)
        return frozenset(workers.offered)

    async def follow(
        self, one: Managed, decision: Decision, workers: Sequence[WorkerSight]
    ) -> None:
        """Carry a decision out, as far as it is safe now.

        Raises:
            KubeError, QueueUnavailable: it was not, or only in part; decide again.
        """
        asked = one.workers.asked
        if not decision.acts or asked is None or decision.replicas == asked:
            return
        if decision.replicas > asked:
            await self._set(one, decision.replicas)
        else:
            lowered = await self._lower(one, workers, asked=asked, fewer=decision.victims)
            if lowered == asked:
                return
            await self._set(one, lowered)
        self._tell(one, decision, before=asked)

    async def _lower(
        self, one: Managed, workers: Sequence[WorkerSight], *, asked: int, fewer: int
    ) -> int:
        """Mark as many as may go; the number of replicas that is left."""
        plan = plan_removal(workers, asked=asked, fewer=fewer)
        marked = await self._steering.drain_workers(one.name, plan.victims)
        if not is_safe(workers, marked=marked):
            await self._steering.undrain_workers(one.name, marked)
            return asked
        gone = set(marked) - set(await self._cheapen(marked))
        offered = [name for name in marked if name not in gone]
        now_s = self._clock.mono_s()
        one.workers.offered.update(dict.fromkeys(offered, now_s))
        return asked - plan.absent - len(offered)

    async def _cheapen(self, pods: Sequence[str]) -> list[str]:
        """Make pods the first to be deleted; those that are there."""
        body = {"metadata": {"annotations": {DELETION_COST: CHEAPEST}}}

        async def one(name: str) -> str:
            try:
                await self._kube.patch(Kind.POD, name, body)
            except KubeNotFound:
                return ""
            return name

        return [name for name in await asyncio.gather(*map(one, pods)) if name]

    async def _set(self, one: Managed, replicas: int) -> None:
        made = await self._kube.patch(
            Kind.DEPLOYMENT, object_name(one.name), {"spec": {"replicas": replicas}}
        )
        one.workers.asked = replicas
        one.workers.generation = made["metadata"].get("generation", one.workers.generation)
        log.info("replicas_set", function=one.name, replicas=replicas)

    def _tell(self, one: Managed, decision: Decision, *, before: int) -> None:
        after = one.workers.asked or 0
        reason = "ScaledUp" if after > before else "ScaledDown" if after else "ScaledToZero"
        self._events.post(one.name, EventKind.NORMAL, reason, decision.reason)

    def _soon(self, function: str, pods: Sequence[str]) -> None:
        """Call the marks off in the background: they would end by themselves."""
        task = asyncio.create_task(self._spare(function, pods))
        self._callbacks.add(task)
        task.add_done_callback(self._callbacks.discard)

    async def _spare(self, function: str, pods: Sequence[str]) -> None:
        body = {"metadata": {"annotations": {DELETION_COST: None}}}
        for name in pods:
            try:
                await self._kube.patch(Kind.POD, name, body)
                await self._steering.undrain_workers(function, [name])
            except (KubeError, QueueUnavailable) as error:
                log.warning("mark_not_called_off", function=function, pod=name, error=str(error))
