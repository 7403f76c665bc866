"""The API server of the measured cluster, asked directly: kubectl takes longer to start than what is measured here."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import yaml

Manifest = Mapping[str, Any]
Seen = Callable[[str, dict[str, Any]], None]

REQUEST_S = 30.0
AT_ONCE = 8
OURS = "/apis/asynctaskflow.dev/v1alpha1"
PATHS = {
    "pods": "/api/v1/namespaces/{}/pods",
    "deployments": "/apis/apps/v1/namespaces/{}/deployments",
    "poddisruptionbudgets": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "functions": OURS + "/namespaces/{}/functions",
    "dependencies": OURS + "/namespaces/{}/dependencies",
    "tasks": OURS + "/namespaces/{}/tasks",
}


class KubeApi:
    """One namespace of a cluster."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        """Connect when first asked."""
        said = yaml.safe_load(kubeconfig.read_text())
        cluster, user = said["clusters"][0]["cluster"], said["users"][0]["user"]
        self._trust = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._trust.load_cert_chain(user["client-certificate"], user["client-key"])
        self._server = cluster["server"]
        self.namespace = namespace
        self._client = self.client(timeout_s=REQUEST_S)

    def client(self, *, timeout_s: float | None) -> httpx2.Client:
        """A client of its own, such as for a watch."""
        return httpx2.Client(
            base_url=self._server, verify=self._trust, timeout=timeout_s, trust_env=False
        )

    def path(self, kind: str) -> str:
        """Where objects of a kind are."""
        return PATHS[kind].format(self.namespace)

    def list(self, kind: str, *, labels: str = "") -> dict[str, Any]:
        """All objects of a kind, with the version of the list."""
        answer = self._client.get(self.path(kind), params={"labelSelector": labels})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def create(self, kind: str, manifests: Sequence[Manifest]) -> None:
        """Create objects, several at once."""

        def one(manifest: Manifest) -> None:
            answer = self._client.post(self.path(kind), json=dict(manifest))
            if answer.status_code != HTTPStatus.CONFLICT:  # one that a kept cluster has is as good
                answer.raise_for_status()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(one, manifests):
                pass

    def delete(self, kind: str, name: str) -> None:
        """Delete one object."""
        self._client.delete(f"{self.path(kind)}/{name}").raise_for_status()


class Watch:
    """Calls ``seen`` with (ADDED, MODIFIED or DELETED; object), from a thread of its own, until the process ends."""

    def __init__(self, api: KubeApi, kind: str, seen: Seen, *, labels: str = "") -> None:
        """Watch from now on."""
        version = api.list(kind, labels=labels)["metadata"]["resourceVersion"]
        self._api, self._path, self._seen = api, api.path(kind), seen
        self._query = {"watch": "1", "resourceVersion": version, "labelSelector": labels}
        self._closed = False
        threading.Thread(target=self._follow, name=f"watch-{kind}", daemon=True).start()

    def close(self) -> None:
        """Hear no more."""
        self._closed = True

    def _follow(self) -> None:
        with (
            self._api.client(timeout_s=None) as client,
            client.stream("GET", self._path, params=self._query) as answer,
        ):
            for line in answer.iter_lines():
                if self._closed:
                    return
                event = json.loads(line)
                self._seen(event["type"], event["object"])
