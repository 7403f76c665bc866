"""Service accounts of one namespace of a real API server: their tokens, their rights, and the API's own account."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from asynctaskflow_testkit import chart
from asynctaskflow_testkit.kube_api import KubeApi

RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC = f"/apis/{RBAC_GROUP}/v1"
PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}
RELEASE = f"{chart.RELEASE}-asynctaskflow"
API_ACCOUNT = f"{RELEASE}-api"
WITH_TOKENS = {"api": {"auth": {"kubernetes": {"enabled": True}}}}
TOKEN_S = 3600
P256_BYTES = 32


class KubeAccounts:
    """What somebody with all rights in a namespace does there with accounts."""

    def __init__(self, server: KubeApi, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    def install_api(self, folder: Path) -> None:
        """Give the API what the chart gives it, and put its account into a folder as the kubelet does."""
        for one in chart.render(WITH_TOKENS, namespace=self._namespace):
            if one["kind"] in PLURALS and "helm.sh/hook" not in one["metadata"].get(
                "annotations", {}
            ):
                self._create(one)
        self.add(API_ACCOUNT)
        self.mount(folder, self.token(API_ACCOUNT))

    def mount(self, folder: Path, token: str) -> None:
        """The files of a service account."""
        (folder / "token").write_text(token + "\n")
        (folder / "ca.crt").write_bytes(self._server.certificate.read_bytes())

    def add(self, name: str, *roles: str) -> str:
        """A new account with Roles of the namespace; its name as a user."""
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts"
        self._server.request("POST", path, {"metadata": {"name": name}}).raise_for_status()
        for role in roles:
            self.bind(name, role)
        return f"system:serviceaccount:{self._namespace}:{name}"

    def remove(self, name: str) -> None:
        """Delete an account; its tokens end with it."""
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{name}"
        self._server.request("DELETE", path).raise_for_status()

    def role(self, name: str, rules: Sequence[dict[str, Any]]) -> None:
        """A new Role."""
        self._create({"kind": "Role", "metadata": {"name": name}, "rules": rules})

    def bind(self, name: str, role: str) -> None:
        """Give an account a Role."""
        account = {"kind": "ServiceAccount", "name": name, "namespace": self._namespace}
        self._bind(f"{name}-{role}", role, account)

    def bind_all(self, role: str) -> None:
        """Give a Role to the group of all accounts of the namespace."""
        group = {"kind": "Group", "name": f"system:serviceaccounts:{self._namespace}"}
        self._bind(f"all-{role}", role, group | {"apiGroup": RBAC_GROUP})

    def unbind(self, name: str, role: str) -> None:
        """Take a Role away from an account."""
        path = f"{RBAC}/namespaces/{self._namespace}/rolebindings/{name}-{role}"
        self._server.request("DELETE", path).raise_for_status()

    def token(self, name: str, *audiences: str) -> str:
        """A token of an account, as TokenRequest makes it.

        Args:
            audiences: whom it is for; none: the API server.
        """
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{name}/token"
        body = {"spec": {"audiences": list(audiences), "expirationSeconds": TOKEN_S}}
        answer = self._server.request("POST", path, body).raise_for_status()
        return str(answer.json()["status"]["token"])

    def expired(self, token: str) -> str:
        """The same token as it would be after its end, signed by the same issuer: TokenRequest makes none so short."""
        header, payload, _ = token.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=="))
        for claim in ("iat", "nbf", "exp"):
            claims[claim] -= 2 * TOKEN_S
        signed = f"{header}.{_encoded(json.dumps(claims).encode())}"
        pem = (self._server.folder / "service-account.pem").read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(r.to_bytes(P256_BYTES) + s.to_bytes(P256_BYTES))}"

    def _bind(self, name: str, role: str, subject: dict[str, str]) -> None:
        binding = {
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "Role", "name": role},
            "subjects": [subject],
        }
        self._create(binding)

    def _create(self, manifest: dict[str, Any]) -> None:
        scope = "" if manifest["kind"].startswith("Cluster") else f"/namespaces/{self._namespace}"
        path = f"{RBAC}{scope}/{PLURALS[manifest['kind']]}"
        self._server.request("POST", path, manifest).raise_for_status()


def another_authority() -> bytes:
    """A certificate of an authority that has signed nothing, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid from now on
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
