"""The Task side of an operator at work: on an API server, or its fake, and a real Redis; Functions are in memory.

A second one on the same two is the operator after a restart.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError
from pydantic import SecretStr

from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.clock import SystemClock
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import Claimed, Complete, Event
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.kube.client import KubeClient, WriteMeter
from asynctaskflow_operator.kube.kinds import RESOURCES, Kind
from asynctaskflow_operator.kube.outbox import Outbox
from asynctaskflow_operator.kube.port import (
    Kube,
    KubeError,
    KubeNotFound,
    KubeUnavailable,
    Manifest,
)
from asynctaskflow_operator.settings import OperatorSettings
from asynctaskflow_operator.stream import EventFollower
from asynctaskflow_operator.tasks.desk import TaskDesk
from asynctaskflow_testkit.fake_kube import FakeKube
from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest
from asynctaskflow_testkit.waiting import eventually

WITHIN_S = 15.0
AGAIN_S = 0.05
RESULT = b'{"sum": 3, "none": null}'
Watch = Callable[[], AsyncIterator[tuple[str | None, Manifest]]]


@dataclass(slots=True)
class Functions:
    """A ``FunctionLookup``."""

    specs: dict[str, FunctionSpec] = field(default_factory=dict)
    closing: set[str] = field(default_factory=set)

    def spec(self, name: str) -> FunctionSpec | None:
        return self.specs.get(name)

    def is_open(self, name: str) -> bool:
        return name in self.specs and name not in self.closing

    def names(self) -> list[str]:
        return sorted(self.specs)


@dataclass(frozen=True, slots=True)
class Cluster:
    """An API server as one test sees it, what shows its Tasks, and the operator's own way to it."""

    kube: Kube
    watch: Watch
    counted: Callable[[WriteMeter], Kube]

    async def apply(self, name: str, **spec: Any) -> Manifest:
        """What ``kubectl apply`` of a Task does."""
        given = {"function": FUNCTION, **spec}
        if not {"input", "inputRef", "taskId"} & given.keys():
            given["input"] = {"n": 1}
        return await self.kube.apply(
            {
                "apiVersion": Kind.TASK.api_version,
                "kind": Kind.TASK.text,
                "metadata": {"name": name},
                "spec": given,
            }
        )

    async def wish(self, name: str, **spec: Any) -> None:
        """Change some fields of a Task's spec."""
        await self.kube.patch(Kind.TASK, name, {"spec": spec})

    async def delete(self, name: str) -> None:
        """What ``kubectl delete`` does."""
        await self.kube.delete(Kind.TASK, name)

    async def status(self, name: str) -> dict[str, Any]:
        """A Task's status; empty before the first one, if there is no such Task, and while nobody answers."""
        try:
            return dict((await self.kube.get(Kind.TASK, name)).get("status") or {})
        except (KubeNotFound, KubeUnavailable):
            return {}

    async def state(self, name: str, *, of: str, within_s: float = WITHIN_S) -> dict[str, Any]:
        """The status, once it shows this state."""

        async def shown() -> dict[str, Any]:
            status = await self.status(name)
            assert status.get("state") == of, status
            return status

        return await eventually(shown, within_s, what=f"{name} is {of}")

    async def waits(self, name: str, *, reason: str) -> dict[str, Any]:
        """The status, once it says why the Task waits: PENDING alone is what an API server fills in."""

        async def shown() -> dict[str, Any]:
            status = await self.status(name)
            assert (status.get("state"), status.get("reason")) == ("PENDING", reason), status
            return status

        return await eventually(shown, WITHIN_S, what=f"{name} waits: {reason}")

    async def gone(self, name: str, *, within_s: float = WITHIN_S) -> None:
        """Once there is no such Task."""

        async def absent() -> bool:
            return name not in await self.names()

        await eventually(absent, within_s, what=f"{name} is gone")

    async def names(self) -> list[str]:
        """Names of all Tasks."""
        return sorted(one["metadata"]["name"] for one in await self.kube.list(Kind.TASK))


class Heard:
    """Kinds of the events that the desk has been told."""

    def __init__(self) -> None:
        """None yet."""
        self.kinds: list[str] = []

    def note(self, event: Event) -> None:
        self.kinds.append(event.kind)

    def missed(self, function: str, *, since_ms: int) -> None:
        self.kinds.append("missed")


@dataclass(frozen=True, slots=True)
class DeskUnderTest:
    """The parts; ``gauges`` has counted every write that this operator sent."""

    desk: TaskDesk
    outbox: Outbox
    gauges: OperatorGauges
    follower: EventFollower
    heard: Heard

    def writes(self) -> Counter[str]:
        """Verb -> writes to Tasks."""
        text = self.gauges.exposition().decode()
        found: Counter[str] = Counter()
        for line in text.splitlines():
            if line.startswith("atf_operator_api_writes_total") and 'kind="Task"' in line:
                found[line.split('verb="')[1].split('"')[0]] += round(float(line.split()[-1]))
        return found


@asynccontextmanager
async def real_cluster(server: KubeApi) -> AsyncIterator[Cluster]:
    """A namespace of its own on an API server; what tests write is not counted as the operator's."""
    namespace = server.namespace()
    config = KubeConfig.from_file(str(server.kubeconfig))
    client = AsyncClient(config=config, namespace=namespace, field_manager="test")

    def counted(meter: WriteMeter) -> Kube:
        return KubeClient(client, namespace=namespace, meter=meter)

    try:
        yield Cluster(counted(OperatorGauges()), lambda: _watched(client), counted)
    finally:
        await client.close()


def fake_cluster() -> tuple[Cluster, FakeKube]:
    """The same in memory."""
    fake = FakeKube()
    return Cluster(fake, lambda: fake.watch(Kind.TASK), lambda _: fake), fake


@asynccontextmanager
async def open_desk(
    cluster: Cluster, q: QueueUnderTest, functions: Functions, **settings: Any
) -> AsyncIterator[DeskUnderTest]:
    """An operator's Task side at work until the block ends."""
    clock, gauges = SystemClock(), OperatorGauges()
    chosen = OperatorSettings(namespace="test", redis_url=SecretStr(""), **settings)
    outbox = Outbox(per_s=chosen.writes_per_s, burst=chosen.writes_burst, clock=clock)
    desk = TaskDesk(
        kube=cluster.counted(gauges),
        outbox=outbox,
        queue=q.queue,
        blobs=RedisBlobs(q.client),
        functions=functions,
        clock=clock,
        settings=chosen,
        gauges=gauges,
    )
    heard = Heard()
    follower = EventFollower(q.queue, q.client, clock, (desk, heard))
    for name in functions.names():
        follower.follow(name)
        desk.opened(name)
    async with asyncio.TaskGroup() as group:
        parts = (outbox.run(), desk.run(), follower.run(), _pump(cluster, desk))
        running = [group.create_task(part) for part in parts]
        yield DeskUnderTest(desk, outbox, gauges, follower, heard)
        for one in running:
            one.cancel()


@asynccontextmanager
async def at_work(
    q: QueueUnderTest, *, function: str = FUNCTION, result: bytes = RESULT
) -> AsyncIterator[list[TaskId]]:
    """A worker that completes whatever it gets; the ids of what it ran, in order."""
    ran: list[TaskId] = []
    source = q.worker(function=function)

    async def work() -> None:
        done: list[Claimed] = []
        while True:
            settled = [Complete(one.id, one.lease, result) for one in done]
            turn = await source.turn(settled, free_slots=50)
            done = list(turn.batch.tasks)
            ran.extend(one.id for one in done)
            if not done:
                await source.wait_for_work(timeout_s=0.2)

    worker = asyncio.create_task(work())
    try:
        yield ran
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def stored(q: QueueUnderTest, task_id: str) -> TaskState | None:
    """A task's state in Redis."""
    found = await q.queue.tasks([TaskId.parse(task_id)])
    return found[0].state if found else None


async def _pump(cluster: Cluster, desk: TaskDesk) -> None:
    """What Kopf does: list, watch, and again when the watch breaks."""
    while True:
        try:
            async for what, body in cluster.watch():
                desk.seen(what, body)
        except (KubeError, ApiError, httpx2.HTTPError):
            await asyncio.sleep(AGAIN_S)


async def _watched(client: AsyncClient) -> AsyncIterator[tuple[str | None, Manifest]]:
    kind: Any = RESOURCES[Kind.TASK]
    listing = client.list(kind)
    async for one in listing:
        yield None, one.to_dict()
    async for what, one in client.watch(kind, resource_version=listing.resourceVersion):
        yield what, one.to_dict()
