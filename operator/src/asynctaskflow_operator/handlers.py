"""The Kopf handlers: one line each between a watch and the part that acts. Nothing is decided here.

Tasks and pods have low-level handlers only, which leave no annotation and no finalizer: one write a task, not seven.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import kopf

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_operator.dependencies.keeper import DependencyKeeper
from asynctaskflow_operator.functions.book import Book
from asynctaskflow_operator.functions.deletion import FunctionDeletion
from asynctaskflow_operator.functions.publisher import FunctionPublisher
from asynctaskflow_operator.functions.reconcile import FunctionReconciler
from asynctaskflow_operator.functions.upkeep import FunctionUpkeep
from asynctaskflow_operator.health import Health
from asynctaskflow_operator.kube.kinds import FINALIZER, VERSION
from asynctaskflow_operator.manifests.worker import FUNCTION_LABEL, GROUP
from asynctaskflow_operator.rules.workers import PodSight
from asynctaskflow_operator.scaling.loop import ScalingLoop
from asynctaskflow_operator.stream import EventFollower
from asynctaskflow_operator.tasks.desk import TaskDesk

AGAIN_S = 2.0
DRAIN_LOOK_S = 1.0
STILL = "not gone yet: "
FUNCTIONS = (GROUP, VERSION, "functions")
DEPENDENCIES = (GROUP, VERSION, "dependencies")
TASKS = (GROUP, VERSION, "tasks")
OWNED = (
    ("apps", "v1", "deployments"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("", "v1", "serviceaccounts"),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Who acts."""

    book: Book
    reconciler: FunctionReconciler
    deletion: FunctionDeletion
    publisher: FunctionPublisher
    upkeep: FunctionUpkeep
    loop: ScalingLoop
    follower: EventFollower
    dependencies: DependencyKeeper
    tasks: TaskDesk
    health: Health
    lease_name: str


class Handlers:
    """Registers handlers for one operator."""

    def __init__(self, parts: Parts) -> None:
        """Nothing is registered yet."""
        self._parts = parts

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Add every handler."""
        on: Any = kopf.on
        on.login(registry=registry)(_login)
        for event in (on.create, on.update, on.resume):
            event(*FUNCTIONS, id="function", registry=registry)(self._function)
            event(*DEPENDENCIES, id="dependency", registry=registry)(self._dependency)
        on.delete(*FUNCTIONS, id="function-gone", registry=registry)(self._function_deleted)
        on.delete(*DEPENDENCIES, id="dependency-gone", registry=registry)(self._dependency_deleted)
        on.event(*TASKS, registry=registry)(self._task)
        on.event("", "v1", "pods", registry=registry, labels=_ours())(self._pod)
        for kind in OWNED:
            on.event(*kind, registry=registry, labels=_ours())(self._owned)
        on.event("coordination.k8s.io", "v1", "leases", registry=registry)(self._lease)

    async def _function(self, body: Mapping[str, Any], **_: Any) -> None:
        parts = self._parts
        try:
            one = await parts.reconciler.reconcile(body)
        except AsyncTaskFlowError as error:
            raise kopf.TemporaryError(str(error), delay=AGAIN_S) from error
        finally:
            known = parts.book.get(body["metadata"]["name"])
            if known is not None:
                parts.follower.follow(known.name)
                parts.publisher.publish(known)
        parts.loop.wake(one.name)
        parts.tasks.opened(one.name)

    async def _function_deleted(self, body: Mapping[str, Any], **_: Any) -> None:
        parts = self._parts
        one = parts.reconciler.read(body)
        parts.loop.wake(one.name)
        try:
            farewell = await parts.deletion.step(one, body)
        except AsyncTaskFlowError as error:
            raise kopf.TemporaryError(str(error), delay=AGAIN_S) from error
        if not farewell.done:
            parts.publisher.publish(one)
            raise kopf.TemporaryError(f"{STILL}{farewell.message}", delay=DRAIN_LOOK_S)

    async def _dependency(self, body: Mapping[str, Any], **_: Any) -> None:
        try:
            await self._parts.dependencies.reconcile(body)
        except AsyncTaskFlowError as error:
            raise kopf.TemporaryError(str(error), delay=AGAIN_S) from error

    async def _dependency_deleted(self, name: str, **_: Any) -> None:
        try:
            await self._parts.dependencies.forget(name)
        except AsyncTaskFlowError as error:
            raise kopf.TemporaryError(str(error), delay=AGAIN_S) from error

    async def _task(self, type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - Kopf's name
        self._parts.tasks.seen(type, body)

    async def _pod(self, type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - Kopf's name
        function = body["metadata"]["labels"][FUNCTION_LABEL]
        pods = self._parts.book.workers(function).pods
        name = body["metadata"]["name"]
        if type == "DELETED" or _is_over(body):
            pods.pop(name, None)
        else:
            pods[name] = pod_sight(body)
        self._parts.loop.wake(function)

    async def _owned(self, type: str | None, body: Mapping[str, Any], **_: Any) -> None:  # noqa: A002 - Kopf's name
        parts, deleted = self._parts, type == "DELETED"
        parts.upkeep.touched(body, deleted=deleted)
        if body.get("kind") != "Deployment" or deleted:
            return
        name = body["metadata"]["labels"][FUNCTION_LABEL]
        workers = parts.book.workers(name)
        generation = body["metadata"].get("generation", 0)
        if generation >= workers.generation:
            workers.generation = generation
            workers.asked = body["spec"].get("replicas", 0)
            parts.loop.wake(name)

    async def _lease(self, name: str, **_: Any) -> None:
        """Our own renewals come back through a watch: proof that watches live."""
        if name == self._parts.lease_name:
            self._parts.health.watched()


class Backoffs:
    """Waits between tries of one request, without end: an API server that is away must not end a watch."""

    def __iter__(self) -> Iterator[float]:
        """Growing to five seconds."""
        yield from (0.5, 1, 2, 3)
        while True:
            yield 5


def configure(settings: kopf.OperatorSettings, *, kube_timeout_s: float) -> None:
    """Kopf's settings: our names in annotations, no Events of its own, watches that notice when they are dead."""
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.persistence.finalizer = FINALIZER
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.networking.request_timeout = kube_timeout_s
    settings.networking.connect_timeout = kube_timeout_s
    settings.networking.error_backoffs = Backoffs()
    settings.watching.connect_timeout = kube_timeout_s
    settings.watching.server_timeout = 300
    settings.queueing.worker_limit = 200
    # An object that is done with holds one of these places until then: with Kopf's 5 s, 40 objects a second and no more.
    settings.queueing.idle_timeout = 0.1
    logging.getLogger("kopf.objects").addFilter(_is_no_mere_wait)


def _is_no_mere_wait(record: logging.LogRecord) -> bool:
    """Kopf calls it an error, once a second, that a Function which is being deleted has tasks left."""
    return STILL not in record.getMessage()


def pod_sight(body: Mapping[str, Any]) -> PodSight:
    """What counts of a pod."""
    meta, status = body["metadata"], body.get("status") or {}
    ready = any(
        one.get("type") == "Ready" and one.get("status") == "True"
        for one in status.get("conditions", ())
    )
    created = datetime.fromisoformat(meta["creationTimestamp"].replace("Z", "+00:00"))
    return PodSight(
        name=meta["name"],
        created_s=created.timestamp(),
        ready=ready,
        terminating=bool(meta.get("deletionTimestamp")),
    )


def _login(**given: Any) -> kopf.ConnectionInfo | None:
    """The pod's service account; outside a cluster, the kubeconfig."""
    return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)


def _is_over(body: Mapping[str, Any]) -> bool:
    return (body.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def _ours() -> dict[str, Any]:
    present: Callable[..., bool] = kopf.PRESENT  # type: ignore[assignment]
    return {FUNCTION_LABEL: present}
