"""A whole operator at work on a real API server and a real Redis, with pods that are played: see ``pods``.

It runs as a task of the test, or as the process that a cluster would run.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from lightkube import AsyncClient, KubeConfig
from pydantic import SecretStr

from asynctaskflow.clock import SystemClock
from asynctaskflow.dependencies.messages import Ask
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model.task import TaskId
from asynctaskflow.resilience.breaker import Report
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_operator.assembly import Clients, Ground, Operator
from asynctaskflow_operator.gauges import OperatorGauges
from asynctaskflow_operator.health import Health
from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import KubeNotFound, KubeUnavailable, Manifest
from asynctaskflow_operator.manifests.worker import object_name
from asynctaskflow_operator.settings import OperatorSettings
from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.pods import Pods
from asynctaskflow_testkit.processes import Fleet, Process
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.sockets import sweep
from asynctaskflow_testkit.waiting import eventually

WITHIN_S = 20.0
STOP_S = 10.0
OPERATOR = (sys.executable, "-m", "asynctaskflow_operator.main")
QUICK: Mapping[str, Any] = {"idleSeconds": 0.5, "down": {"stabilizationSeconds": 0}}
FUNCTION: Mapping[str, Any] = {
    "handler": "handlers:echo",
    "image": "registry/echo:1",
    "concurrency": {"slotsPerWorker": 1},
    "scaling": QUICK,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One namespace with its Redis, as a test moves and sees them."""

    server: KubeApi
    namespace: str
    redis_url: str
    kube: KubeClient
    q: QueueUnderTest
    pods: Pods

    @property
    def dependencies(self) -> RedisDependencies:
        """The state of breakers, as workers change it."""
        return RedisDependencies(self.q.client)

    async def apply(self, name: str = "echo", **spec: Any) -> Manifest:
        """What ``kubectl apply`` of a Function does."""
        return await self._apply(Kind.FUNCTION, name, {**FUNCTION, **spec})

    async def apply_dependency(self, name: str, **spec: Any) -> Manifest:
        """The same of a Dependency."""
        return await self._apply(Kind.DEPENDENCY, name, spec)

    async def change(self, name: str = "echo", **spec: Any) -> None:
        """Change fields of a Function's spec."""
        await self.kube.patch(Kind.FUNCTION, name, {"spec": spec})

    async def served(self, name: str = "echo", **spec: Any) -> None:
        """Apply a Function and wait until it takes tasks and shows it."""
        await self.apply(name, **spec)
        await self.condition(name, "Ready", is_="True")

    async def status(self, name: str = "echo", kind: Kind = Kind.FUNCTION) -> dict[str, Any]:
        """A status; empty before the first one, and while nobody answers."""
        try:
            return dict((await self.kube.get(kind, name)).get("status") or {})
        except (KubeNotFound, KubeUnavailable):
            return {}

    async def condition(
        self, name: str, kind: str, *, is_: str, reason: str = "", of: Kind = Kind.FUNCTION
    ) -> dict[str, Any]:
        """A condition, once it has this status, and this reason if one is given."""

        async def shown() -> dict[str, Any]:
            conditions = (await self.status(name, of)).get("conditions", ())
            (one,) = [c for c in conditions if c["type"] == kind] or [{}]
            assert one.get("status") == is_, conditions
            assert reason in {"", one["reason"]}, conditions
            return dict(one)

        return await eventually(shown, WITHIN_S, what=f"{kind} of {name} is {is_}")

    async def exists(self, kind: Kind, name: str) -> bool:
        """Whether the API server has it."""
        try:
            await self.kube.get(kind, name)
        except KubeNotFound:
            return False
        return True

    async def gone(self, kind: Kind, name: str, *, within_s: float = WITHIN_S) -> None:
        """Once there is no such object."""

        async def absent() -> bool:
            return not await self.exists(kind, name)

        await eventually(absent, within_s, what=f"{name} is gone")

    async def replicas(self, name: str = "echo") -> int | None:
        """Of a Function's Deployment; ``None`` while there is none, and while nobody answers."""
        try:
            found = await self.kube.get(Kind.DEPLOYMENT, object_name(name))
        except (KubeNotFound, KubeUnavailable):
            return None
        return int(found["spec"]["replicas"])

    async def scaled(self, to: int, name: str = "echo", *, within_s: float = WITHIN_S) -> None:
        """Once the Deployment has this many replicas."""

        async def there() -> bool:
            seen = await self.replicas(name)
            assert seen == to, f"{seen} replicas"
            return True

        await eventually(there, within_s, what=f"{name} has {to} replicas")

    async def pods_up(self, number: int, name: str = "echo") -> list[str]:
        """The Function's pods, once so many run and are seen to be ready."""

        async def ready() -> bool:
            seen = (await self.status(name)).get("readyReplicas")
            assert seen == number, f"{seen} ready"
            return True

        await eventually(ready, WITHIN_S, what=f"{number} pods of {name} are ready")
        return self.pods.up(name)

    async def enqueue(self, number: int = 1, name: str = "echo") -> list[TaskId]:
        """Store tasks."""
        answers = await self.q.queue.enqueue_many([NewTask(name)] * number)
        return [answer.id for answer in answers if not isinstance(answer, Exception)]

    async def busy(self, number: int, name: str = "echo") -> list[str]:
        """So many pods, each of which runs a task."""
        pods = await self.pods_up_with_tasks(number, name)
        for pod in pods:
            assert await self.pods.claim(pod), f"{pod} got no task"
        return pods

    async def pods_up_with_tasks(self, number: int, name: str = "echo") -> list[str]:
        """So many pods, for as many tasks that wait."""
        await self.enqueue(number, name)
        return await self.pods_up(number, name)

    async def reasons(self, name: str = "echo", kind: Kind = Kind.FUNCTION) -> list[str]:
        """Of the Events about an object."""
        found = await self.kube.list(Kind.EVENT)
        about = [one for one in found if one["involvedObject"]["name"] == name]
        return [one["reason"] for one in about if one["involvedObject"]["kind"] == kind.text]

    async def told(self, reason: str, name: str = "echo", kind: Kind = Kind.FUNCTION) -> None:
        """Once there is an Event with this reason."""

        async def posted() -> bool:
            assert reason in (seen := await self.reasons(name, kind)), seen
            return True

        await eventually(posted, WITHIN_S, what=f"Event {reason} about {name}")

    async def keys_of(self, name: str) -> list[str]:
        """Every key in Redis that belongs to a Function or Dependency."""
        found = [key.decode() async for key in self.q.client.scan_iter(match=f"*{{{name}}}*")]
        return sorted(found)

    async def lasting_keys_of(self, name: str) -> list[str]:
        """Those that do not end by themselves."""
        return [key for key in await self.keys_of(name) if await self.q.client.ttl(key) == -1]

    async def break_circuit(self, dependency: str, calls: int = 10) -> None:
        """Have as many calls fail as open a breaker."""
        for number in range(calls):
            ask = Ask(f"call-{number}")
            await self.dependencies.admit(dependency, ask)
            await self.dependencies.report(dependency, ask, Report.FAULT)

    async def _apply(self, kind: Kind, name: str, spec: Mapping[str, Any]) -> Manifest:
        return await self.kube.apply(
            {
                "apiVersion": kind.api_version,
                "kind": kind.text,
                "metadata": {"name": name},
                "spec": dict(spec),
            }
        )


@asynccontextmanager
async def open_stage(server: KubeApi, redis_url: str) -> AsyncIterator[Stage]:
    """A namespace where pods follow Deployments, and no operator yet."""
    namespace = server.namespace()
    config = KubeConfig.from_file(str(server.kubeconfig))
    client = AsyncClient(config=config, namespace=namespace, field_manager="test")
    kube = KubeClient(client, namespace=namespace, meter=OperatorGauges())
    async with open_queue(redis_url) as q:
        pods = Pods(client, kube, q)
        running = asyncio.create_task(pods.run())
        try:
            yield Stage(server, namespace, redis_url, kube, q, pods)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await kube.close()


class RunningOperator:
    """One that acts, on a thread and a loop of its own: Kopf cancels every task of its loop when it ends.

    Attributes:
        gauges: what it counts.
        health: what its probes would say.
    """

    def __init__(self, settings: OperatorSettings) -> None:
        """Not started."""
        self.gauges, self.health = OperatorGauges(), Health(SystemClock())
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.failed: BaseException | None = None

    def start(self) -> None:
        """Begin; the caller has set ``KUBECONFIG``."""
        self._thread.start()

    async def stop(self) -> None:
        """Cancel it and wait for its end; what it failed with, if it has, is raised."""
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        await asyncio.to_thread(self._thread.join, STOP_S)
        assert not self._thread.is_alive(), "the operator does not stop"
        sweep()
        if self.failed is not None:
            raise self.failed

    async def _main(self) -> None:
        self._loop, chosen = asyncio.get_running_loop(), self._settings
        kube = KubeClient.open(
            namespace=chosen.namespace, timeout_s=chosen.kube_timeout_s, meter=self.gauges
        )
        clients = Clients.open(chosen)
        self.health.leading = True
        ground = Ground(chosen, kube, SystemClock(), self.gauges, self.health)
        self._task = asyncio.create_task(Operator(ground, clients).run())
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self.failed = self._task.exception()
        await clients.close()
        await kube.close()


@asynccontextmanager
async def operating(stage: Stage, **settings: Any) -> AsyncIterator[RunningOperator]:
    """An operator that acts until the block ends."""
    given = {"safety_tick_s": 0.2, **settings}
    chosen = OperatorSettings(
        namespace=stage.namespace, redis_url=SecretStr(stage.redis_url), **given
    )
    running = RunningOperator(chosen)
    running.start()
    try:
        yield running
    finally:
        await running.stop()


class OperatorProcess:
    """An operator as a cluster runs it."""

    def __init__(self, process: Process) -> None:
        """Started by ``start_operator``."""
        self.process = process

    async def ready(self) -> tuple[int, str]:
        """What its probe answers; 0 while it does not listen."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                answer = await client.get(f"{self.process.base_url}/ready")
            except httpx2.TransportError:
                return 0, ""
        return answer.status_code, answer.text

    async def answers(self, code: int, text: str = "", *, within_s: float = WITHIN_S) -> None:
        """Once ``/ready`` answers so."""

        async def said() -> bool:
            seen = await self.ready()
            assert seen[0] == code, (seen, self.process.log()[-1000:])
            assert text in seen[1], seen
            return True

        await eventually(said, within_s, what=f"{self.process.name} answers {code}")


def start_operator(
    fleet: Fleet, stage: Stage, name: str, *, port: int, **settings: Any
) -> OperatorProcess:
    """A process of its own."""
    given = {
        "namespace": stage.namespace,
        "pod": name,
        "probe_host": "127.0.0.1",
        "probe_port": port,
        "lease_s": 3,
        "safety_tick_s": 0.2,
        **settings,
    }
    env = {f"ATF_OPERATOR_{key.upper()}": str(value) for key, value in given.items()}
    env |= {"KUBECONFIG": str(stage.server.kubeconfig), "ATF_REDIS_URL": stage.redis_url}
    return OperatorProcess(fleet.start(name, OPERATOR, env=env, port=port))
