"""What the operator asks of the API server, and how that can fail. Knows no client."""

from collections.abc import Mapping
from typing import Any, Protocol

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_operator.kube.kinds import Kind

Manifest = dict[str, Any]


class KubeError(AsyncTaskFlowError):
    """The API server did not do what it was asked."""


class KubeUnavailable(KubeError):
    """It did not answer, or asks to come back later; the request may or may not have had an effect."""


class KubeNotFound(KubeError):
    """No such object."""


class KubeConflict(KubeError):
    """The object exists already, or has changed since it was read."""


class KubeRefused(KubeError):
    """It will not be done however often it is asked: invalid, or not allowed."""


class Kube(Protocol):
    """One namespace of one API server. Every method raises ``KubeUnavailable`` and ``KubeRefused``."""

    async def get(self, kind: Kind, name: str) -> Manifest:
        """One object.

        Raises:
            KubeNotFound
        """
        ...

    async def list(
        self, kind: Kind, *, labels: Mapping[str, str] | None = None
    ) -> "list[Manifest]":
        """All objects of a kind, or those with these labels."""
        ...

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object.

        Raises:
            KubeConflict: there is one of that name.
        """
        ...

    async def apply(self, manifest: Manifest) -> Manifest:
        """Create an object, or make the fields in the manifest what it says, whoever changed them."""
        ...

    async def patch(self, kind: Kind, name: str, body: Manifest) -> Manifest:
        """Merge into an object, nulls taking fields away; a ``metadata.resourceVersion`` makes it conditional.

        Raises:
            KubeNotFound, KubeConflict
        """
        ...

    async def replace_status(
        self, kind: Kind, name: str, status: Manifest, *, uid: str
    ) -> Manifest:
        """Replace the whole status of the object with this uid: what is not in it goes, nulls in it stay.

        Raises:
            KubeNotFound
            KubeRefused: another object has the name now, or the status is not valid.
        """
        ...

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object.

        Raises:
            KubeNotFound
        """
        ...
