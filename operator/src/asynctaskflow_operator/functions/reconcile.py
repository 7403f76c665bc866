"""Makes cluster and Redis what a Function says, and again when someone edits what belongs to it."""

from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from asynctaskflow.errors import FunctionNotFound
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.taskqueue.redis_queue import RedisQueue
from asynctaskflow_operator.events import About, EventKind, Events
from asynctaskflow_operator.functions.book import Book, Managed
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import Kube, Manifest
from asynctaskflow_operator.manifests.worker import (
    Installation,
    Owner,
    deployment,
    disruption_budget,
    service_account,
)

log = structlog.get_logger()


class FunctionReconciler:
    """Applies Functions."""

    def __init__(
        self,
        book: Book,
        *,
        kube: Kube,
        queue: RedisQueue,
        events: Events,
        installation: Installation,
    ) -> None:
        """Nothing is sent yet."""
        self._book = book
        self._kube = kube
        self._queue = queue
        self._events = events
        self._installation = installation

    async def reconcile(self, body: Mapping[str, Any]) -> Managed:
        """Follow a Function: its objects in the cluster first, then what Redis tells API and workers.

        Raises:
            KubeError, QueueUnavailable: not done; to be tried again.
        """
        one = self.read(body)
        if one.spec is None:
            return one
        await self._apply(one, one.spec)
        await self.register(one)
        return one

    def read(self, body: Mapping[str, Any]) -> Managed:
        """Take what a resource says into the book; a spec that cannot be followed is a problem of its own."""
        meta = body["metadata"]
        one = self._book.add(meta["name"], uid=meta["uid"])
        self._events.know(About(Kind.FUNCTION, one.name, one.uid))
        one.generation = meta.get("generation", 0)
        one.deleting = bool(meta.get("deletionTimestamp"))
        one.seen_status = one.seen_status or dict(body.get("status") or {})
        try:
            one.follow(_spec(body))
        except ValueError as error:
            if (problem := _first(error)) != one.problem:
                self._events.post(one.name, EventKind.WARNING, "InvalidSpec", problem)
            one.problem = problem
        return one

    async def register(self, one: Managed) -> None:
        """Tell API and workers: the spec, and whether tasks are handed out if the resource has changed its mind.

        What the workers have said of the handler's schemas stays, and so does a pause by REST.
        """
        if one.spec is None or one.deleting:
            return
        try:
            before: FunctionSpec | None = await self._queue.spec(one.name)
        except FunctionNotFound:
            before = None
        spec = _with_schemas(one.spec, before)
        if spec != before:
            await self._queue.register(one.name, spec)
        if one.spec.paused != (before.paused if before else False):
            await (self._queue.pause if one.spec.paused else self._queue.resume)(one.name)
        if not one.registered:
            await self._queue.reopen(one.name)
        one.registered = True

    async def restore(self, one: Managed) -> None:
        """Make the Function's objects what they are meant to be.

        Raises:
            KubeError
        """
        if one.spec is not None:
            await self._apply(one, one.spec)

    async def _apply(self, one: Managed, spec: FunctionSpec) -> None:
        owner, installation = Owner(one.name, one.uid), self._installation
        replicas = one.workers.asked
        if replicas is None:
            replicas = await self._replicas_now(one)
        for manifest in (
            service_account(owner, installation=installation),
            disruption_budget(owner, installation=installation),
            deployment(owner, spec, installation=installation, replicas=replicas),
        ):
            made = await self._kube.apply(manifest)
            one.workers.applied[manifest["kind"]] = essence(made)
            if manifest["kind"] == Kind.DEPLOYMENT.text:
                one.workers.asked = made["spec"].get("replicas", replicas)
                one.workers.generation = made["metadata"].get("generation", 0)

    async def _replicas_now(self, one: Managed) -> int:
        """Of a Deployment that another operator process has left; 0 for a new one: tasks start workers."""
        found = await self._kube.list(
            Kind.DEPLOYMENT, labels={"asynctaskflow.dev/function": one.name}
        )
        return int(found[0]["spec"].get("replicas", 0)) if found else 0


def essence(live: Manifest) -> Manifest:
    """What must stay as it was applied; the number of replicas is the scaling loop's."""
    meta = live["metadata"]
    spec = {name: part for name, part in (live.get("spec") or {}).items() if name != "replicas"}
    return {
        "spec": spec,
        "labels": meta.get("labels"),
        "owners": meta.get("ownerReferences"),
        "token": live.get("automountServiceAccountToken"),
    }


def _spec(body: Mapping[str, Any]) -> FunctionSpec:
    """The spec of a resource.

    Raises:
        ValueError: says which field is wrong.
    """
    spec = FunctionSpec.model_validate(dict(body.get("spec") or {}))
    if not spec.image:
        raise ValueError("spec.image: a cluster needs the image that holds the handler")
    return spec


def _with_schemas(spec: FunctionSpec, before: FunctionSpec | None) -> FunctionSpec:
    """The spec with the schemas that a worker of the same handler has published, if it brings none."""
    if spec.input_schema or before is None or before.handler != spec.handler:
        return spec
    learnt = {"input_schema": before.input_schema, "output_schema": before.output_schema}
    return spec.model_copy(update=learnt)


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        return f"spec.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
    return str(error)
