"""The node: containerd, kubelet, kube-proxy and cluster DNS, as commands and configuration files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asynctaskflow_testkit.kubernetes.cgroups import group_of
from asynctaskflow_testkit.kubernetes.control_plane import Identities
from asynctaskflow_testkit.kubernetes.network import CNI_PROGRAMS, NODE_IP

PAUSE_IMAGE = "localhost/pause:1"
DOMAIN = "cluster.local"
DNS_READY = f"{NODE_IP}:8181"
SANDBOXED = """\
version = 2
root = "{root}"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Machines without CAP_SYS_RESOURCE cannot lower a score, and every sandbox would fail.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_programs}"
    conf_dir = "{cni_configs}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
COREDNS = """\
{domain}:53 in-addr.arpa:53 {{
    bind {node}
    errors
    ready {dns_ready}
    kubernetes {domain} in-addr.arpa {{
        kubeconfig {kubeconfig}
        ttl 5
    }}
}}
.:53 {{
    bind {node}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Where the node keeps what it writes."""

    folder: Path
    name: str

    @property
    def socket(self) -> Path:
        """containerd's; short, because socket paths are limited to 107 characters."""
        return self.folder / "containerd.sock"

    @property
    def kubelet_root(self) -> Path:
        """Pods' volumes are mounted below it."""
        return self.folder / "kubelet"

    @property
    def containerd_state(self) -> Path:
        """Running containers are mounted below it."""
        return self.folder / "containerd-state"


def containerd(files: NodeFiles, *, root: Path, plugins: str) -> list[str]:
    """Its images are in ``root``, kept with the cluster's state."""
    configs = files.folder / "cni"
    configs.mkdir(parents=True, exist_ok=True)
    (configs / "10-pods.conflist").write_text(plugins)
    config = files.folder / "containerd.toml"
    config.write_text(
        SANDBOXED.format(
            root=root,
            state=files.containerd_state,
            socket=files.socket,
            pause=PAUSE_IMAGE,
            cni_programs=CNI_PROGRAMS,
            cni_configs=configs,
        )
    )
    return ["containerd", "--config", str(config), "--log-level", "warn"]


def kubelet(program: Path, files: NodeFiles, ids: Identities) -> list[str]:
    """Takes root's view of this machine as it is: no swap rules, no reserved resources, hybrid control groups."""
    (files.folder / "resolv.conf").write_text(f"nameserver {NODE_IP}\n")
    path = files.folder / "kubelet.yaml"
    path.write_text(yaml.safe_dump(_kubelet_config(files, ids)))
    return [
        str(program),
        f"--config={path}",
        f"--kubeconfig={ids.kubeconfigs['kubelet']}",
        f"--root-dir={files.kubelet_root}",
        f"--cert-dir={files.folder / 'kubelet-certificates'}",
        f"--hostname-override={files.name}",
        f"--node-ip={NODE_IP}",
    ]


def _kubelet_config(files: NodeFiles, ids: Identities) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(ids.authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(ids.kubelet_server.certificate),
        "tlsPrivateKeyFile": str(ids.kubelet_server.key),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": group_of(files.name),
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "clusterDNS": [NODE_IP],
        "clusterDomain": DOMAIN,
        "resolvConf": str(files.folder / "resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{files.socket}",
        "podLogsDir": str(files.folder / "pod-logs"),
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "serializeImagePulls": False,
        "maxPods": 250,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
    }


def kube_proxy(program: Path, files: NodeFiles, ids: Identities) -> list[str]:
    """Leaves the machine's connection tracking limits alone: they are not this namespace's to set."""
    untouched = {
        "maxPerCore": 0,
        "min": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    }
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(ids.kubeconfigs["kube-proxy"])},
        "hostnameOverride": files.name,
        "conntrack": untouched,
        "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
    }
    path = files.folder / "kube-proxy.yaml"
    path.write_text(yaml.safe_dump(config))
    return [str(program), f"--config={path}"]


def coredns(program: Path, files: NodeFiles, kubeconfigs: Mapping[str, Path]) -> list[str]:
    """Knows the cluster's names and nothing else: there is no way out to ask."""
    path = files.folder / "Corefile"
    path.write_text(
        COREDNS.format(
            domain=DOMAIN, node=NODE_IP, dns_ready=DNS_READY, kubeconfig=kubeconfigs["coredns"]
        )
    )
    return [str(program), "-conf", str(path)]
