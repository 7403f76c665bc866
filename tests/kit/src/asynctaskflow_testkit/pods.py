"""What a cluster does for Deployments, on an API server with nothing behind it: pods that come, report and go.

Plays ReplicaSet controller, kubelet and workers at once. A pod that is taken while it holds a task is remembered:
that is what a scale-down must never do.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from lightkube import AsyncClient
from lightkube.core.exceptions import ApiError
from lightkube.types import PatchType

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.taskqueue.keeper import RedisLeaseKeeper
from asynctaskflow.taskqueue.messages import Claimed, Complete
from asynctaskflow.taskqueue.work_source import RedisWorkSource
from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import RESOURCES, Kind
from asynctaskflow_operator.kube.port import KubeError, Manifest
from asynctaskflow_operator.manifests.worker import DELETION_COST, FUNCTION_LABEL
from asynctaskflow_testkit.queues import LEASE_MS, QueueUnderTest

LOOK_EVERY_S = 0.05
NODE = "kit"  # a pod on a node ends in two steps, as in a cluster


@dataclass(slots=True)
class Wishes:
    """What a test wants to go wrong.

    Attributes:
        unready: whether new pods stay unready.
        takes: pods that go before all others, whatever their cost.
        keeps: whether pods that are being deleted stay, as in a long grace time.
        reports: whether workers send heartbeats.
        p50_run_ms: the median that they report.
    """

    unready: bool = False
    takes: set[str] = field(default_factory=set)
    keeps: bool = False
    reports: bool = True
    p50_run_ms: float = 0.0


class Pods:
    """The pods of all Deployments of one namespace.

    Attributes:
        held: pod -> tasks that its worker runs.
        lost: pods that were taken while they held a task.
        taken: pods that were taken, in order.
    """

    def __init__(self, client: AsyncClient, kube: KubeClient, q: QueueUnderTest) -> None:
        """No pod runs before ``run``."""
        self._client = client
        self._kube = kube
        self._q = q
        self._numbers = count(1)
        self._sources: dict[str, RedisWorkSource] = {}
        self._live: dict[str, str] = {}
        self.wishes = Wishes()
        self.held: dict[str, list[Claimed]] = {}
        self.lost: list[str] = []
        self.taken: list[str] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(KubeError, ApiError, QueueUnavailable):  # the next look does what is left
                await self._turn()
            await asyncio.sleep(LOOK_EVERY_S)

    def up(self, function: str) -> list[str]:
        """Pods whose worker runs."""
        return sorted(pod for pod, its in self._live.items() if its == function)

    async def claim(self, pod: str, number: int = 1, *, report: bool = True) -> list[Claimed]:
        """Have a pod's worker take tasks and hold them, and say so unless its heartbeat is late."""
        turn = await self._source(pod).turn([], free_slots=number)
        self.held.setdefault(pod, []).extend(turn.batch.tasks)
        if report:
            self._report(pod)
        return list(turn.batch.tasks)

    async def finish(self, pod: str) -> None:
        """Have it complete what it holds."""
        done = [Complete(one.id, one.lease, b'"done"') for one in self.held.pop(pod, [])]
        await self._source(pod).turn(done, free_slots=0)
        if self.wishes.reports:
            self._report(pod)

    async def holds_its_lease(self, pod: str) -> bool:
        """Whether all that a pod's worker holds is still its own."""
        held = self.held.get(pod, [])
        leases = [(one.id.uuid, one.lease) for one in held]
        keeper = self._keeper(pod, held[0].id.function)
        return not keeper.renew({"state": "running"}, leases)

    async def set_ready(self, pod: str, *, ready: bool) -> None:
        """Have the kubelet say so."""
        conditions = [{"type": "Ready", "status": str(ready)}]
        body = {"status": {"phase": "Running", "conditions": conditions}}
        await self._client.patch(_status(), pod, body, patch_type=PatchType.MERGE)

    async def _turn(self) -> None:
        deployments, pods = await self._kube.list(Kind.DEPLOYMENT), await self._kube.list(Kind.POD)
        for one in deployments:
            function = one["metadata"]["labels"].get(FUNCTION_LABEL, "")
            own = [p for p in pods if p["metadata"]["labels"].get(FUNCTION_LABEL) == function]
            await self._follow(one, own)
        await self._end([pod for pod in pods if _ends(pod)])
        if self.wishes.reports:
            for pod in tuple(self._live):
                self._report(pod)

    async def _follow(self, deployment: Manifest, own: Sequence[Manifest]) -> None:
        staying = [pod for pod in own if not _ends(pod)]
        wanted = deployment["spec"].get("replicas", 1)
        for _ in range(wanted - len(staying)):
            await self._start(deployment)
        spare = max(0, len(staying) - wanted)
        for pod in sorted(staying, key=self._order)[:spare]:
            name = pod["metadata"]["name"]
            self.taken.append(name)
            if self.held.get(name):
                self.lost.append(name)
            await self._kube.delete(Kind.POD, name)

    def _order(self, pod: Manifest) -> tuple[bool, bool, int]:
        """Of deletion, as a ReplicaSet has it: unready pods first, then the cheapest."""
        meta = pod["metadata"]
        cost = int((meta.get("annotations") or {}).get(DELETION_COST, "0"))
        return meta["name"] not in self.wishes.takes, _is_ready(pod), cost

    async def _start(self, deployment: Manifest) -> None:
        function = deployment["metadata"]["labels"][FUNCTION_LABEL]
        name = f"{deployment['metadata']['name']}-{next(self._numbers)}"
        template = deployment["spec"]["template"]
        await self._kube.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": template["metadata"]["labels"]},
                "spec": {**template["spec"], "nodeName": NODE},
            }
        )
        self._live[name] = function
        if not self.wishes.unready:
            await self.set_ready(name, ready=True)

    async def _end(self, pods: Sequence[Manifest]) -> None:
        if self.wishes.keeps:
            return
        for pod in pods:
            name = pod["metadata"]["name"]
            if self._live.pop(name, None):
                self._keeper(name, pod["metadata"]["labels"][FUNCTION_LABEL]).deregister()
            await self._client.delete(RESOURCES[Kind.POD], name, grace_period=0)

    def _report(self, pod: str) -> None:
        function = self._live.get(pod)
        if function is None:
            return
        held = self.held.get(pod, [])
        record: dict[str, str | int | float] = {
            "state": "running",
            "pod": pod,
            "slots": 4,
            "active": len(held),
        }
        record["p50_run_ms"] = self.wishes.p50_run_ms
        self._keeper(pod, function).renew(record, [(one.id.uuid, one.lease) for one in held])

    def _keeper(self, pod: str, function: str) -> RedisLeaseKeeper:
        return RedisLeaseKeeper(self._q.sync, function=function, worker_id=pod, lease_ms=LEASE_MS)

    def _source(self, pod: str) -> RedisWorkSource:
        if pod not in self._sources:
            self._sources[pod] = RedisWorkSource(
                self._q.client,
                blocking=self._q.blocking,
                function=self._live[pod],
                worker_id=pod,
                lease_ms=LEASE_MS,
                roll=lambda: 0.0,
            )
        return self._sources[pod]


def _status() -> Any:
    return RESOURCES[Kind.POD].Status


def _ends(pod: Manifest) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _is_ready(pod: Manifest) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
