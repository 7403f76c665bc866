"""What a test may need of the machine beside Python packages, and what this machine lacks of it."""

import shutil
import sys

from asynctaskflow_testkit.kubernetes.binaries import lacking

# What `@needs` may name: a program -> the Debian package that brings it.
PROGRAMS = {"redis-server": "redis-server", "faketime": "faketime", "pdftoppm": "poppler-utils"}
LINUX = "linux"
# An API server alone, and Helm; their programs are built by Go where they are not yet.
KUBERNETES = "kubernetes"
CONTROL_PLANE = ("etcd", "kube-apiserver")
HELM = "helm"
BUILT = {KUBERNETES: CONTROL_PLANE, HELM: (HELM,)}


def lacks(need: str) -> bool:
    """Whether this machine has not got it.

    Raises:
        ValueError: ``need`` is none of ``PROGRAMS``, ``linux``, ``kubernetes`` and ``helm``.
    """
    if need == LINUX:
        return sys.platform != LINUX
    if need in BUILT:
        return shutil.which("go") is None and bool(lacking(BUILT[need]))
    if need not in PROGRAMS:
        raise ValueError(f"a test needs {need!r}, which is none of {[*PROGRAMS, LINUX, *BUILT]}")
    return shutil.which(need) is None


def remedy(need: str) -> str:
    """What to do about it, in a few words."""
    others = {LINUX: "only there"} | dict.fromkeys(BUILT, "put Go 1.26 or newer on PATH")
    return others.get(need) or f"apt-get install {PROGRAMS[need]}"
