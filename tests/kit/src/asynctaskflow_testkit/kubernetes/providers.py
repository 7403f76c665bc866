"""Where the end-to-end tests run: the cluster of a kubeconfig, kind where Docker answers, else the local one.

``python -m asynctaskflow_testkit.kubernetes.providers`` says which it is, or why there is none.
"""

import ctypes
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubernetes.options import ClusterOptions
from pytest_kubernetes.providers import select_provider_manager
from pytest_kubernetes.providers.base import AClusterManager

from asynctaskflow_testkit.kubernetes.images import IMAGES, ROOT, ImageBuilder
from asynctaskflow_testkit.kubernetes.local_cluster import LocalCluster
from asynctaskflow_testkit.kubernetes.machine import why_not

NEW_NETWORK = 0x4000_0000  # CLONE_NEWNET
DOCKER_S = 10
USAGE = 2
NAME = "atf-e2e"  # beside a cluster that a person has started


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider by its name, and a sentence that says why."""

    name: str
    why: str


def choose(*, kubeconfig: str, docker: bool, kind: bool, why_not_local: str) -> Choice:
    """The first provider that this machine can use.

    Raises:
        RuntimeError: there is none; one line says what is missing.
    """
    if kubeconfig:
        return Choice("external", f"the cluster of {kubeconfig}")
    if docker and kind:
        return Choice("kind", "kind, because Docker answers")
    if not why_not_local:
        return Choice(
            "local", "a cluster that the tests start themselves (no Docker, no kubeconfig)"
        )
    raise RuntimeError(
        f"no cluster: neither --k8s-kubeconfig nor kind with Docker; {why_not_local}"
    )


def choice_here(*, kubeconfig: str = "") -> Choice:
    """The provider of this machine.

    Raises:
        RuntimeError: as ``choose``.
    """
    return choose(
        kubeconfig=kubeconfig,
        docker=_docker_answers(),
        kind=shutil.which("kind") is not None,
        why_not_local=why_not(),
    )


def _docker_answers() -> bool:
    """Whether there is a Docker engine, and not just its client."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(
            ["docker", "info"], capture_output=True, check=False, timeout=DOCKER_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


class LocalManager(AClusterManager):  # type: ignore[misc]  # the package has no types
    """pytest-kubernetes' view of the cluster that the harness starts."""

    cluster: LocalCluster

    @classmethod
    def get_binary_name(cls) -> str:
        """It needs none of its own."""
        return "true"

    def _on_create(self, cluster_options: ClusterOptions, **_: Any) -> None:
        """Start it, and step into its network: addresses of pods and services are reached directly."""
        self.cluster = LocalCluster(NAME)
        try:
            self.cluster.up()
        except RuntimeError:
            self.cluster.down()
            raise
        cluster_options.kubeconfig_path = self.cluster.kubeconfig
        enter(self.cluster.network.path)

    def _on_delete(self) -> None:
        self.cluster.down()

    def ready(self, timeout: int = 20) -> bool:
        """Whether it was started."""
        return hasattr(self, "cluster") and self.cluster.is_up

    def load_image(self, image: str) -> None:
        """Import an archive."""
        self.cluster.load([Path(image)])


def manager_of(choice: Choice, *, kubeconfig: str) -> AClusterManager:
    """The manager of a provider."""
    if choice.name == "local":
        return LocalManager(NAME)
    options = {"kubeconfig": kubeconfig or None, "cluster_name": "asynctaskflow"}
    return select_provider_manager(choice.name, options)("asynctaskflow", None, kubeconfig or None)


def archives(choice: Choice) -> dict[str, Path]:
    """The project's images for the nodes; nothing where they come from a registry.

    With Docker the Dockerfiles are built by Docker.
    """
    if choice.name == "external":
        return {}
    if choice.name == "local":
        return ImageBuilder().archives(IMAGES)
    return {name: _docker_build(name) for name in IMAGES}


def add_image(manager: AClusterManager, folder: Path, *, tag: str) -> None:
    """Build the image of a function of one's own, on our base, and give it to the nodes."""
    if isinstance(manager, LocalManager):
        manager.load_image(str(ImageBuilder().of_folder(folder, tag)))
        return
    _docker(folder / "Dockerfile", folder, tag=tag, base="function-base")
    manager.load_image(tag)


def _docker_build(name: str) -> Path:
    image, tag = IMAGES[name], f"docker.io/asynctaskflow/{name}:dev"
    _docker(ROOT / image.dockerfile, ROOT / image.context, tag=tag, base=image.base)
    return Path(tag)


def _docker(dockerfile: Path, context: Path, *, tag: str, base: str) -> None:
    words = ["docker", "build", "--tag", tag, "--file", str(dockerfile)]
    if base:
        words += ["--build-arg", f"BASE=docker.io/asynctaskflow/{base}:dev"]
    subprocess.run([*words, str(context)], check=True)


def enter(namespace: Path) -> None:
    """Move this process into a network namespace.

    Raises:
        OSError
    """
    with namespace.open() as target:
        if ctypes.CDLL(None, use_errno=True).setns(target.fileno(), NEW_NETWORK):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def main() -> int:
    """Say where; 2 and one line if nowhere."""
    try:
        sys.stdout.write(f"{choice_here().why}\n")
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
