"""The commands of etcd, the API server, the controllers and the scheduler."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from asynctaskflow_testkit.kubernetes.certificates import Authority, Pair, signing_key
from asynctaskflow_testkit.kubernetes.network import APISERVER_IP, NODE_IP, POD_NET, SERVICE_NET

APISERVER_PORT = 6443
URL = f"https://127.0.0.1:{APISERVER_PORT}"
ETCD = "http://127.0.0.1:2379"
ADMINS = ("system:masters",)
COMPONENTS = ("kube-controller-manager", "kube-scheduler", "kube-proxy")
SERVER_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    NODE_IP,
    APISERVER_IP,
)


@dataclass(frozen=True, slots=True)
class Identities:
    """Files with which the components know each other."""

    authority: Path
    server: Pair
    kubelet_client: Pair
    kubelet_server: Pair
    signing_key: Path
    kubeconfigs: Mapping[str, Path]


def identities(authority: Authority, folder: Path, *, node: str) -> Identities:
    """Issue everything that one cluster needs, and a kubeconfig for each client."""
    users = {
        "admin": authority.issue("admin", groups=ADMINS),
        "kubelet": authority.issue(f"system:node:{node}", groups=("system:nodes",)),
        **{name: authority.issue(f"system:{name}") for name in COMPONENTS},
        # CoreDNS only reads; an identity of its own would need a role of its own.
        "coredns": authority.issue("coredns", groups=ADMINS),
    }
    return Identities(
        authority=authority.certificate,
        server=authority.issue("kube-apiserver", hosts=SERVER_NAMES),
        kubelet_client=authority.issue("kubelet-client", groups=ADMINS),
        kubelet_server=authority.issue("kubelet-server", hosts=(node, NODE_IP, "127.0.0.1")),
        signing_key=signing_key(folder),
        kubeconfigs={
            name: _kubeconfig(folder / f"{name}.kubeconfig", authority.certificate, pair)
            for name, pair in users.items()
        },
    )


def _kubeconfig(path: Path, authority: Path, pair: Pair) -> Path:
    """All in one file, so that it can be copied."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "local", "cluster": {"server": URL, "certificate-authority": str(authority)}}
        ],
        "users": [
            {
                "name": "user",
                "user": {
                    "client-certificate": str(pair.certificate),
                    "client-key": str(pair.key),
                },
            }
        ],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "user"}}],
        "current-context": "local",
    }
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path


def etcd(program: Path, folder: Path) -> list[str]:
    """Without fsync: a test cluster is thrown away, and a slow disk would make it slow."""
    return [
        str(program),
        f"--data-dir={folder}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
    ]


def apiserver(program: Path, ids: Identities, *, audit_policy: Path, audit_log: Path) -> list[str]:
    """With node authorization and role-based access, and every write in the audit log."""
    return [
        str(program),
        f"--etcd-servers={ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_IP}",
        f"--secure-port={APISERVER_PORT}",
        f"--tls-cert-file={ids.server.certificate}",
        f"--tls-private-key-file={ids.server.key}",
        f"--client-ca-file={ids.authority}",
        f"--kubelet-client-certificate={ids.kubelet_client.certificate}",
        f"--kubelet-client-key={ids.kubelet_client.key}",
        f"--kubelet-certificate-authority={ids.authority}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={ids.signing_key}",
        f"--service-account-signing-key-file={ids.signing_key}",
        f"--service-cluster-ip-range={SERVICE_NET}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--profiling=false",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={audit_log}",
        "--audit-log-maxsize=200",
    ]


def controller_manager(program: Path, ids: Identities) -> list[str]:
    """Alone, so it needs no election; fast, so that the product's own speed shows."""
    return [
        str(program),
        f"--kubeconfig={ids.kubeconfigs['kube-controller-manager']}",
        f"--service-account-private-key-file={ids.signing_key}",
        f"--root-ca-file={ids.authority}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        f"--cluster-cidr={POD_NET}",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def scheduler(program: Path, ids: Identities) -> list[str]:
    """Alone too."""
    return [
        str(program),
        f"--kubeconfig={ids.kubeconfigs['kube-scheduler']}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: Metadata
    verbs: [create, update, patch, delete, deletecollection]
    resources: [{group: asynctaskflow.dev}, {group: apps}, {group: "", resources: [events, pods]}]
  - level: None
"""
