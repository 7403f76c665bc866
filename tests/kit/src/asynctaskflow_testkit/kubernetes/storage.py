"""Storage for claims: a default class, and volumes that are folders of this machine."""

from pathlib import Path
from typing import Any

VOLUMES = 12
SIZE = "5Gi"
CLASS = "local"


def storage_manifests(folder: Path, *, node: str) -> list[dict[str, Any]]:
    """The class and its volumes; type ``local``, because with ``hostPath`` no fsGroup is applied."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    return [storage_class, *(_volume(folder / f"{n}", n, node) for n in range(VOLUMES))]


def _volume(folder: Path, number: int, node: str) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{CLASS}-{number}"},
        "spec": {
            "capacity": {"storage": SIZE},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
