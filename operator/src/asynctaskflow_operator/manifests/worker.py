"""The objects of one Function's workers: a Deployment, a ServiceAccount without rights, a PodDisruptionBudget.

Every field of the pod is written here: nothing of a Function is copied into it unseen, so a Function can neither
ask for a privilege nor for another namespace's secrets.
"""

from dataclasses import dataclass
from typing import Any

from asynctaskflow.model.function import FunctionSpec, Quantities

Manifest = dict[str, Any]

GROUP = "asynctaskflow.dev"
FUNCTION_LABEL = f"{GROUP}/function"
CONTAINER = "worker"
PROBE_PORT = 8080
NOBODY = 65_532
STOP_MARGIN_S = 10  # after the grace time: handing back, closing connections
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


@dataclass(frozen=True, slots=True)
class Owner:
    """The Function that the objects belong to and vanish with."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Installation:
    """How workers of this installation reach Redis and, if set, the blob store."""

    namespace: str
    redis_secret: str
    redis_secret_key: str
    blob_secret: str = ""
    log_level: str = "info"


def object_name(function: str) -> str:
    """The name of a Function's Deployment, ServiceAccount and PodDisruptionBudget."""
    return f"atf-{function}"


def labels_of(function: str) -> dict[str, str]:
    """What all objects of a Function carry."""
    return {
        FUNCTION_LABEL: function,
        "app.kubernetes.io/name": function,
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/part-of": "asynctaskflow",
        "app.kubernetes.io/managed-by": "asynctaskflow-operator",
    }


def selector_of(function: str) -> dict[str, str]:
    """The labels by which a Function's pods are found."""
    return {FUNCTION_LABEL: function}


def service_account(owner: Owner, *, installation: Installation) -> Manifest:
    """An identity that may do nothing; no pod gets its token."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(owner, installation),
        "automountServiceAccountToken": False,
    }


def disruption_budget(owner: Owner, *, installation: Installation) -> Manifest:
    """At a node drain workers go one at a time, each with its grace period."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(owner, installation),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector_of(owner.name)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def deployment(
    owner: Owner, spec: FunctionSpec, *, installation: Installation, replicas: int
) -> Manifest:
    """The workers; a rollout starts a new one before it stops an old one."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(owner, installation),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": selector_of(owner.name)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
            },
            "template": {
                "metadata": {
                    "labels": labels_of(owner.name),
                    "annotations": {"kubectl.kubernetes.io/default-container": CONTAINER},
                },
                "spec": _pod(owner.name, spec, installation),
            },
        },
    }


def _metadata(owner: Owner, installation: Installation) -> Manifest:
    return {
        "name": object_name(owner.name),
        "namespace": installation.namespace,
        "labels": labels_of(owner.name),
        "ownerReferences": [
            {
                "apiVersion": f"{GROUP}/v1alpha1",
                "kind": "Function",
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ],
    }


def _pod(function: str, spec: FunctionSpec, installation: Installation) -> Manifest:
    return {
        "serviceAccountName": object_name(function),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": round(spec.timeouts.grace_seconds) + STOP_MARGIN_S,
        "imagePullSecrets": [{"name": name} for name in spec.runtime.image_pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(function, spec, installation)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{spec.runtime.scratch_mebibytes}Mi"}}
        ],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector_of(function)},
            }
        ],
    }


def _container(function: str, spec: FunctionSpec, installation: Installation) -> Manifest:
    return {
        "name": CONTAINER,
        "image": spec.image,
        "imagePullPolicy": spec.runtime.image_pull_policy,
        "command": ["atf-worker", spec.handler],
        "env": _environment(function, spec, installation),
        "envFrom": [
            {"secretRef": {"name": name, "optional": True}} for name in spec.runtime.secrets
        ],
        "ports": [{"name": "probes", "containerPort": PROBE_PORT, "protocol": "TCP"}],
        # Not /ready, which says whether it claims: Kubernetes takes unready pods first, busy or not.
        "readinessProbe": _probe(period_s=1, failures=5),
        "livenessProbe": _probe(period_s=10, failures=6),
        "resources": {
            "requests": _quantities(spec.runtime.resources.requests),
            "limits": _quantities(spec.runtime.resources.limits),
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - an emptyDir of the pod's own
    }


def _environment(function: str, spec: FunctionSpec, installation: Installation) -> list[Manifest]:
    """The function's own first: ours win where both name the same variable."""
    pod = {"fieldRef": {"fieldPath": "metadata.name"}}
    ours: dict[str, Manifest] = {
        "ATF_REDIS_URL": {
            "valueFrom": _secret(installation.redis_secret, installation.redis_secret_key)
        },
        "ATF_WORKER_ID": {"valueFrom": pod},
        "ATF_POD": {"valueFrom": pod},
        "ATF_FUNCTION": {"value": function},
        "ATF_ISOLATION": {"value": spec.concurrency.isolation},
        "ATF_PROBE_HOST": {"value": "0.0.0.0"},  # noqa: S104 - the kubelet asks from outside the pod
        "ATF_PROBE_PORT": {"value": str(PROBE_PORT)},
        "ATF_LOG_FORMAT": {"value": "json"},
        "ATF_LOG_LEVEL": {"value": installation.log_level},
    }
    if installation.blob_secret:
        ours["ATF_BLOB_URL"] = {"valueFrom": _secret(installation.blob_secret, "url")}
    theirs = {name: {"value": value} for name, value in spec.env.items() if name not in ours}
    return [{"name": name, **value} for name, value in (theirs | ours).items()]


def _secret(name: str, key: str) -> Manifest:
    return {"secretKeyRef": {"name": name, "key": key}}


def _probe(*, period_s: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": "/live", "port": "probes", "scheme": "HTTP"},
        "periodSeconds": period_s,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _quantities(given: Quantities) -> dict[str, str]:
    return {name: value for name, value in (("cpu", given.cpu), ("memory", given.memory)) if value}
