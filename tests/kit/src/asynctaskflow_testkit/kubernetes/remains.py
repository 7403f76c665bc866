"""What a cluster's pods leave on the machine outside its folder once they are killed, and its removal.

Nobody asks the network plugins to take a killed pod back, so its network namespace, the plugins' notes on it and the
links to its logs would stay. Never touches what belongs to another cluster: it goes by ids, and by where links lead.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BUNDLES = Path("io.containerd.runtime.v2.task") / "k8s.io"
NAMESPACES = Path("/run/netns")
NOTES = Path("/var/lib/cni/results")
LOG_LINKS = Path("/var/log/containers")


@dataclass(frozen=True, slots=True)
class Remains:
    """Containers by id, and the network namespaces that pods were given."""

    containers: frozenset[str]
    networks: frozenset[str]


def remains_of(containerd_state: Path) -> Remains:
    """Read from the containers' bundles, which are there even if containerd is not."""
    bundles = sorted((containerd_state / BUNDLES).glob("*/config.json"))
    paths = [path for bundle in bundles for path in pod_networks(bundle.read_text())]
    return Remains(
        containers=frozenset(bundle.parent.name for bundle in bundles),
        networks=frozenset(Path(path).name for path in paths),
    )


def pod_networks(bundle: str) -> list[str]:
    """The network namespaces that a container's specification names; none if it has the node's own."""
    namespaces = json.loads(bundle).get("linux", {}).get("namespaces", [])
    return [
        one["path"]
        for one in namespaces
        if one["type"] == "network" and Path(one.get("path", "")).name.startswith("cni-")
    ]


def remove_networks(remains: Remains) -> None:
    """Remove pods' network namespaces and the plugins' notes."""
    for name in remains.networks:
        if (NAMESPACES / name).exists():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
    _unlink(path for one in remains.containers for path in NOTES.glob(f"*-{one}-*"))


def remove_log_links(folder: Path, links: Path = LOG_LINKS) -> None:
    """Remove the links into a cluster's folder that its kubelet has made for log collectors."""
    if links.is_dir():
        _unlink(
            link
            for link in links.iterdir()
            if link.is_symlink() and link.readlink().is_relative_to(folder)
        )


def _unlink(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink(missing_ok=True)
