"""``Kube`` over lightkube: translates its errors, counts every write, and decides nothing."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import httpx2
from lightkube import AsyncClient
from lightkube.core.exceptions import ApiError
from lightkube.types import PatchType

from asynctaskflow_operator.kube.kinds import RESOURCES, Kind
from asynctaskflow_operator.kube.port import (
    KubeConflict,
    KubeNotFound,
    KubeRefused,
    KubeUnavailable,
    Manifest,
)

FIELD_MANAGER = "asynctaskflow-operator"
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class WriteMeter(Protocol):
    """Counts API writes."""

    def wrote(self, verb: str, kind: Kind) -> None:
        """One write was sent."""
        ...


class KubeClient:
    """One namespace; the configuration is the pod's service account, or a kubeconfig outside a cluster."""

    def __init__(self, client: AsyncClient, *, namespace: str, meter: WriteMeter) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._namespace = namespace
        self._meter = meter

    @classmethod
    def open(
        cls, *, namespace: str, timeout_s: float, meter: WriteMeter, manager: str = FIELD_MANAGER
    ) -> "KubeClient":
        """Find the configuration and connect when first asked.

        Args:
            manager: who owns the fields that are written.

        Raises:
            lightkube.core.exceptions.ConfigError: there is none.
        """
        client = AsyncClient(
            namespace=namespace, field_manager=manager, timeout=httpx2.Timeout(timeout_s)
        )
        return cls(client, namespace=namespace, meter=meter)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def get(self, kind: Kind, name: str) -> Manifest:
        """One object; see ``Kube.get``."""
        with _translated():
            return _plain(await self._client.get(RESOURCES[kind], name))

    async def list(self, kind: Kind, *, labels: Mapping[str, str] | None = None) -> list[Manifest]:
        """All objects of a kind; see ``Kube.list``."""
        with _translated():
            found = self._client.list(RESOURCES[kind], labels=dict(labels) if labels else None)
            return [_plain(one) async for one in found]

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; see ``Kube.create``."""
        kind = Kind.of(manifest)
        self._meter.wrote("create", kind)
        with _translated():
            return _plain(await self._client.create(self._object(kind, manifest)))

    async def apply(self, manifest: Manifest) -> Manifest:
        """Create or change an object; see ``Kube.apply``."""
        kind = Kind.of(manifest)
        self._meter.wrote("apply", kind)
        with _translated():
            return _plain(await self._client.apply(self._object(kind, manifest), force=True))

    async def patch(self, kind: Kind, name: str, body: Manifest) -> Manifest:
        """Merge into an object; see ``Kube.patch``."""
        self._meter.wrote("patch", kind)
        with _translated():
            return _plain(
                await self._client.patch(RESOURCES[kind], name, body, patch_type=PatchType.MERGE)
            )

    async def replace_status(
        self, kind: Kind, name: str, status: Manifest, *, uid: str
    ) -> Manifest:
        """Replace a status; see ``Kube.replace_status``.

        A JSON patch: a merge patch loses nulls inside the status, and its ``metadata.uid`` is not compared.
        """
        resource: Any = RESOURCES[kind].Status
        body = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/status", "value": status},
        ]
        self._meter.wrote("patch", kind)
        with _translated():
            return _plain(await self._client.patch(resource, name, body, patch_type=PatchType.JSON))

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object; see ``Kube.delete``."""
        self._meter.wrote("delete", kind)
        with _translated():
            await self._client.delete(RESOURCES[kind], name)

    def _object(self, kind: Kind, manifest: Manifest) -> Any:
        return RESOURCES[kind].from_dict(manifest)


def _plain(found: Any) -> Manifest:
    """The object as a dictionary, its metadata included."""
    plain: Manifest = found.to_dict()
    return plain


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the client's errors into ours; answers that are no JSON come from something before the API server."""
    try:
        yield
    except ApiError as error:
        raise _error_of(error.response.status_code, str(error)) from error
    except httpx2.HTTPStatusError as error:
        raise _error_of(error.response.status_code, str(error)) from error
    except (httpx2.TransportError, json.JSONDecodeError) as error:
        raise KubeUnavailable(f"the API server does not answer: {error!r}") from error


def _error_of(code: int, text: str) -> Exception:
    match code:
        case HTTPStatus.NOT_FOUND:
            return KubeNotFound(text)
        case HTTPStatus.CONFLICT:
            return KubeConflict(text)
        case _ if code in PASSING or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return KubeUnavailable(text)
        case _:
            return KubeRefused(text)
