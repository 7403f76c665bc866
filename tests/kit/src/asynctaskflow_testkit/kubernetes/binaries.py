"""Builds Kubernetes and what belongs to it from the Go module proxy, once, into the user's cache folder.

Each tool has a small module of its own under ``tests/kit/go``, whose ``go.mod`` and ``go.sum`` pin everything; their
hash names the folder, so a changed pin builds anew and an interrupted build leaves nothing that looks whole.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asynctaskflow_testkit.kubernetes.settings import HarnessSettings

MODULES = Path(__file__).parents[3] / "go"
KUBERNETES_VERSION = "1.34.4"
_VERSION = "k8s.io/component-base/version"
STRIPPED = "-s -w"


class CannotBuild(Exception):
    """A tool cannot be built here; the message is one line."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One program: its module's folder, its package, what the linker is told."""

    module: str
    package: str
    ldflags: str = STRIPPED


def _kubernetes(name: str) -> Tool:
    major, minor, _ = KUBERNETES_VERSION.split(".")
    version = (
        f"-X {_VERSION}.gitVersion=v{KUBERNETES_VERSION} "
        f"-X {_VERSION}.gitMajor={major} -X {_VERSION}.gitMinor={minor}"
    )
    return Tool("kubernetes", f"k8s.io/kubernetes/cmd/{name}", f"{STRIPPED} {version}")


def _helm_flags() -> str:
    """Helm's own version, and the one of Kubernetes that ``template`` and ``lint`` assume."""
    major, minor, _ = KUBERNETES_VERSION.split(".")
    packages = ("pkg/chartutil", "pkg/lint/rules")
    assumed = " ".join(
        f"-X helm.sh/helm/v3/{package}.k8sVersion{part}={number}"
        for package in packages
        for part, number in (("Major", major), ("Minor", minor))
    )
    return f"{STRIPPED} -X helm.sh/helm/v3/internal/version.version=v3.22.0 {assumed}"


# In the order in which they are worth having.
TOOLS: Mapping[str, Tool] = {
    "helm": Tool("helm", "helm.sh/helm/v3/cmd/helm", _helm_flags()),
    "kubectl": _kubernetes("kubectl"),
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "kube-scheduler": _kubernetes("kube-scheduler"),
    "kubelet": _kubernetes("kubelet"),
    "kube-proxy": _kubernetes("kube-proxy"),
    "coredns": Tool("coredns", "github.com/coredns/coredns"),
    "pause": Tool("pause", "."),
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "kubeconform": Tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
}
ON_DEMAND = frozenset({"kubeconform", "kwok"})
CLUSTER_TOOLS = tuple(name for name in TOOLS if name not in ON_DEMAND)


def key_of(tool: Tool) -> str:
    """A short hash of everything that a program is made from."""
    digest = hashlib.sha256(tool.ldflags.encode())
    for file in sorted((MODULES / tool.module).iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return f"{tool.module}-{digest.hexdigest()[:16]}"


def cached(name: str) -> Path:
    """Where a program is, or will be once it is built."""
    return HarnessSettings().cache / "bin" / key_of(TOOLS[name]) / name


def lacking(names: Iterable[str]) -> list[str]:
    """Those that are not built yet."""
    return [name for name in names if not cached(name).exists()]


def build(names: Iterable[str] = CLUSTER_TOOLS) -> dict[str, Path]:
    """The programs, built where they are missing.

    Raises:
        CannotBuild: no Go, or a build failed.
    """
    wanted = list(names)
    for name in lacking(wanted):
        _build(name, TOOLS[name], cached(name))
    return {name: cached(name) for name in wanted}


def path_folder() -> Path:
    """The folder for ``PATH``; it holds what ``bin_dir`` has put there so far."""
    return HarnessSettings().cache / "path"


def bin_dir(names: Iterable[str] = CLUSTER_TOOLS) -> Path:
    """``path_folder``, once it has links to the programs.

    Raises:
        CannotBuild
    """
    folder = path_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name, program in build(names).items():
        link, fresh = folder / name, folder / f".{name}.{os.getpid()}"
        if link.is_symlink() and link.readlink() == program:
            continue
        fresh.symlink_to(program)
        fresh.replace(link)
    return folder


def _build(name: str, tool: Tool, target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise CannotBuild(f"{name} is not built yet, and there is no Go (1.26 or newer) on PATH")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{name}.{os.getpid()}")
    # Not to stdout, which is for the answer.
    sys.stderr.write(f"building {name}, once: minutes on a small machine\n")
    command = [go, "build", "-trimpath", "-ldflags", tool.ldflags, "-o", str(fresh), tool.package]
    try:
        done = subprocess.run(
            command,
            cwd=MODULES / tool.module,
            env={**HarnessSettings.environment(), "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotBuild(f"{name}: {' / '.join(done.stderr.strip().splitlines()[-3:])}")
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
