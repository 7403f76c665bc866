"""The kinds of objects that the operator reads or writes, as the client addresses them."""

from enum import Enum

from lightkube.generic_resource import GenericNamespacedResource, create_namespaced_resource

from asynctaskflow_operator.manifests.worker import GROUP

VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FINALIZER = f"{GROUP}/operator"


class Kind(Enum):
    """One kind; ``value`` is (group, version, kind, plural)."""

    FUNCTION = (GROUP, VERSION, "Function", "functions")
    DEPENDENCY = (GROUP, VERSION, "Dependency", "dependencies")
    TASK = (GROUP, VERSION, "Task", "tasks")
    DEPLOYMENT = ("apps", "v1", "Deployment", "deployments")
    POD = ("", "v1", "Pod", "pods")
    SERVICE_ACCOUNT = ("", "v1", "ServiceAccount", "serviceaccounts")
    DISRUPTION_BUDGET = ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
    LEASE = ("coordination.k8s.io", "v1", "Lease", "leases")
    EVENT = ("", "v1", "Event", "events")
    SECRET = (
        "",
        "v1",
        "Secret",
        "secrets",
    )  # by the hooks of the chart only, never by the operator

    @property
    def text(self) -> str:
        """The kind's name, such as ``Task``."""
        return self.value[2]

    @property
    def api_version(self) -> str:
        """What a manifest of this kind says in ``apiVersion``."""
        group, version, *_ = self.value
        return f"{group}/{version}" if group else version

    @classmethod
    def of(cls, manifest: dict[str, object]) -> "Kind":
        """The kind of a manifest.

        Raises:
            KeyError: not a kind of ours.
        """
        return _BY_TEXT[str(manifest["kind"])]


_BY_TEXT = {kind.text: kind for kind in Kind}
RESOURCES: dict[Kind, type[GenericNamespacedResource]] = {
    kind: create_namespaced_resource(*kind.value) for kind in Kind
}
