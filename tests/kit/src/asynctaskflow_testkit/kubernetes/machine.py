"""What this machine must have so that a cluster can be started on it, and what is missing, in one line."""

import os
import shutil
import sys

from asynctaskflow_testkit.kubernetes.binaries import CLUSTER_TOOLS, lacking

# Program -> Debian package.
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "sysctl": "procps",
}
PLUGINS = "/usr/lib/cni/bridge"


def why_not() -> str:
    """Why no cluster can be started here; empty if one can."""
    if sys.platform != "linux":
        return "a local cluster needs Linux"
    if os.geteuid() != 0:
        return "a local cluster needs root (network namespaces, containerd, mounts)"
    packages = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not os.path.exists(PLUGINS):  # noqa: PTH110 - one look, no object
        packages.append("containernetworking-plugins")
    if packages:
        return f"a local cluster needs: apt-get install {' '.join(packages)}"
    if shutil.which("go") is None and (missing := lacking(CLUSTER_TOOLS)):
        return f"a local cluster needs Go 1.26 or newer, to build {', '.join(missing)}"
    return ""
