"""A real Kubernetes API server on loopback, and nothing behind it: etcd and kube-apiserver, up in seconds.

Resources are validated, stored, watched and served as in a cluster; nobody acts on them. So no pod runs,
a deleted namespace stays in its end, and what an owner leaves behind is not collected. For those, use a cluster.
Runs without root.
"""

import json
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asynctaskflow_testkit.crds import crds
from asynctaskflow_testkit.kube_audit import POLICY, AuditLog
from asynctaskflow_testkit.kubernetes.binaries import build
from asynctaskflow_testkit.lifetime import LOOPBACK, Closing, end, free_port, spawn
from asynctaskflow_testkit.machine import CONTROL_PLANE
from asynctaskflow_testkit.servers import quiet_folder
from asynctaskflow_testkit.waiting import until

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
REQUEST_TIMEOUT_S = 30.0
START_TRIES = 3
GROUP_PATH = "/apis/asynctaskflow.dev/v1alpha1"
CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ADMIN_GROUP = "system:masters"


class KubeApi(Closing):
    """One API server with a store of its own, both empty at first.

    Args:
        programs: where the ``CONTROL_PLANE`` is.
        audited: whether requests are logged.

    Attributes:
        folder: everything that the two write; gone when this is closed.
        token: of a user who may do everything.
        audit: every request, if it is audited.
    """

    def __init__(self, programs: Mapping[str, Path], *, audited: bool = False) -> None:
        """Nothing is started yet; see ``start``."""
        self.folder = Path(tempfile.mkdtemp(prefix="atf-kube-", dir=quiet_folder()))
        self.token = token_hex(16)
        self.audit = AuditLog(self.folder / "audit.jsonl")
        self.port = 0
        self._programs = programs
        self._audited = audited
        self._etcd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._etcd_port = 0
        self._http: httpx2.Client | None = None
        self._write_secrets()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def certificate(self) -> Path:
        """What a client trusts: the server's own certificate with its issuer."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """Configuration of a client that may do everything; made when the server has first answered."""
        return self.folder / "kubeconfig"

    @property
    def alive(self) -> bool:
        """Whether the API server's process runs."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> "KubeApi":
        """Start what does not run, on the ports of before if there were any, and wait until it is ready.

        Raises:
            RuntimeError: it ends, or is not ready in time; with the end of its log.
        """
        for _ in range(START_TRIES):
            if not self._etcd_lives():
                self._start_etcd()
            if not self.alive:
                self._start_server()
            if until(lambda: not self.alive or self._ready(), START_TIMEOUT_S) and self.alive:
                self._write_kubeconfig()
                return self
            if self._http is not None:
                break
            self.kill()
            self.port = self._etcd_port = 0
        raise RuntimeError(f"kube-apiserver does not start: {self.log()[-3000:]}")

    def stop(self) -> None:
        """End the API server as on an update of the control plane: SIGTERM. What is stored stays."""
        if self._server is not None and self.alive:
            self._server.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(STOP_TIMEOUT_S)
        self._end_server()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        if self._server is not None:
            self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to both; what is stored stays."""
        self._end_server()
        if self._etcd is not None:
            end(self._etcd)

    def close(self) -> None:
        """Kill both and remove what they stored."""
        if self._http is not None:
            self._http.close()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What both have written."""
        paths = (self.folder / f"{name}.log" for name in ("etcd", "apiserver"))
        return "\n".join(path.read_text(errors="replace") for path in paths if path.exists())

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: str = JSON,
        accept: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """One request as administrator, whatever the answer.

        Args:
            body: sent as JSON, which is YAML too.
            content: its media type: which sort of patch, for example.
        """
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content, "Accept": accept}
        return self._client().request(method, path, content=sent, headers=headers, params=query)

    def namespace(self) -> str:
        """A new, empty namespace."""
        name = f"t-{token_hex(5)}"
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.request("POST", "/api/v1/namespaces", manifest).raise_for_status()
        return name

    def apply_crds(self) -> None:
        """Install the chart's definitions, or bring them up to date, and wait until all are served."""
        found = crds().values()
        for crd in found:
            path, query = f"{CRD_PATH}/{crd['metadata']['name']}", {"fieldManager": "kit"}
            answer = self.request("PATCH", path, crd, content=APPLY_PATCH, query=query)
            if answer.is_error:
                raise RuntimeError(f"{crd['metadata']['name']}: {answer.text}")
        plurals = [crd["spec"]["names"]["plural"] for crd in found]
        until(lambda: all(map(self._serves, plurals)), START_TIMEOUT_S, what="the kinds are served")

    def path(self, kind: str, namespace: str, name: str = "", *, part: str = "") -> str:
        """Of a resource of ours, or of all of its kind.

        Args:
            part: ``status`` or ``scale``.
        """
        plural = crds()[kind]["spec"]["names"]["plural"]
        words = [GROUP_PATH, "namespaces", namespace, plural, name, part]
        return "/".join(word for word in words if word)

    def create(self, manifest: Mapping[str, Any], namespace: str) -> httpx2.Response:
        """Create a resource of ours as ``kubectl create`` does, unknown fields refused; whatever the answer."""
        path, strict = self.path(manifest["kind"], namespace), {"fieldValidation": "Strict"}
        return self.request("POST", path, manifest, query=strict)

    def _serves(self, plural: str) -> bool:
        return self.request("GET", f"{GROUP_PATH}/{plural}", query={"limit": "1"}).is_success

    def _client(self) -> httpx2.Client:
        if self._http is None:
            self._http = httpx2.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {self.token}"},
                verify=ssl.create_default_context(cafile=str(self.certificate)),
                timeout=REQUEST_TIMEOUT_S,
                trust_env=False,
            )
        return self._http

    def _ready(self) -> bool:
        if not self.certificate.exists():
            return False
        with suppress(httpx2.TransportError, ssl.SSLError):
            return self.request("GET", "/readyz").is_success
        return False

    def _etcd_lives(self) -> bool:
        return self._etcd is not None and self._etcd.poll() is None

    def _end_server(self) -> None:
        if self._server is not None:
            end(self._server)

    def _start_etcd(self) -> None:
        self._etcd_port = self._etcd_port or free_port()
        client, peer = (f"http://{LOOPBACK}:{port}" for port in (self._etcd_port, free_port()))
        options = {
            "data-dir": str(self.folder / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "log-level": "warn",
        }
        command = [str(self._programs["etcd"]), "--unsafe-no-fsync", *_flags(options)]
        self._etcd = spawn(command, log=self.folder / "etcd.log")

    def _start_server(self) -> None:
        self.port = self.port or free_port()
        command = [str(self._programs["kube-apiserver"]), *_flags(self._options())]
        self._server = spawn(command, log=self.folder / "apiserver.log")

    def _options(self) -> dict[str, str]:
        key = str(self.folder / "service-account.pem")
        options = {
            "etcd-servers": f"http://{LOOPBACK}:{self._etcd_port}",
            "bind-address": LOOPBACK,
            "advertise-address": LOOPBACK,
            "secure-port": str(self.port),
            "cert-dir": str(self.certificate.parent),
            "token-auth-file": str(self.folder / "tokens.csv"),
            "authorization-mode": "RBAC",
            "disable-admission-plugins": "ServiceAccount",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-cluster-ip-range": "10.96.0.0/24",
            "endpoint-reconciler-type": "none",
        }
        audit = {
            "audit-policy-file": str(self.folder / "audit-policy.yaml"),
            "audit-log-path": str(self.folder / "audit.jsonl"),
            "audit-log-maxsize": "2000",
        }
        return {**options, **(audit if self._audited else {})}

    def _write_secrets(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        (self.folder / "service-account.pem").write_bytes(key)
        (self.folder / "tokens.csv").write_text(f'{self.token},admin,1,"{ADMIN_GROUP}"\n')
        (self.folder / "audit-policy.yaml").write_text(POLICY)

    def _write_kubeconfig(self) -> None:
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kit", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "kit", "context": {"cluster": "kit", "user": "admin"}}],
            "current-context": "kit",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))


def start_kube_api(*, audited: bool = False) -> KubeApi:
    """A running API server; its programs are built first where they are missing, which takes minutes.

    Raises:
        asynctaskflow_testkit.kubernetes.binaries.CannotBuild
        RuntimeError: it does not start.
    """
    return KubeApi(build(CONTROL_PLANE), audited=audited).start()


def _flags(options: Mapping[str, str]) -> Sequence[str]:
    return [f"--{name}={value}" for name, value in options.items()]
