"""The product as it is installed in a cluster: kubectl, helm and REST for the end-to-end tests."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import yaml

from asynctaskflow_testkit.commands import CommandFailed, output
from asynctaskflow_testkit.hostile import merged
from asynctaskflow_testkit.kubernetes.binaries import bin_dir
from asynctaskflow_testkit.kubernetes.settings import HarnessSettings
from asynctaskflow_testkit.waiting import until

CHART = Path(__file__).parents[5] / "charts" / "asynctaskflow"
INSTALL_S = 180
REQUEST_S = 70.0
LOOK_S = 20
# What a person looks at when something does not come up, what says most of it first.
LOOKS = (
    "get tasks,functions,dependencies,deployments,pods -o wide",
    "get events --field-selector=type!=Normal --sort-by=.metadata.creationTimestamp",
    "logs -l app.kubernetes.io/component=worker --tail=20 --prefix",
    "logs -l app.kubernetes.io/component=operator --tail=40",
    "logs -l app.kubernetes.io/component=api --tail=10 --prefix",
    "get functions -o yaml",
    "get events --sort-by=.metadata.creationTimestamp",
)
VALUES: Mapping[str, Any] = {
    "image": {"registry": "docker.io", "tag": "dev", "pullPolicy": "IfNotPresent"},
    "redis": {"embedded": {"storage": {"whenDeleted": "Delete", "size": "1Gi"}}},
    # Test services are pods of the same cluster, which the default keeps workers away from.
    "networkPolicy": {"workerEgress": [{"to": [{"podSelector": {}}]}]},
}


class Product:
    """One release in one namespace.

    Attributes:
        direct: services' addresses are reachable from here; otherwise through a port-forward.
    """

    def __init__(
        self,
        kubeconfig: Path,
        namespace: str,
        *,
        direct: bool,
        inside: Callable[[Sequence[str]], list[str]] = list,
    ) -> None:
        """Nothing is installed yet.

        Args:
            inside: puts a command into the cluster's network, for a process that is not in it.
        """
        self._inside = inside
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.release = "atf"
        self._direct = direct
        self._kinds = True
        self._forward: subprocess.Popen[bytes] | None = None
        self._forward_url = ""
        self._client: httpx2.Client | None = None

    def run(self, *command: str, given: str | None = None, timeout_s: float = 120) -> str:
        """What a command prints, with helm and kubectl on its path.

        Raises:
            CommandFailed
        """
        return output(
            self._inside(command), env=self._environment(), given=given, within_s=timeout_s
        )

    def kubectl(self, *arguments: str, given: str | None = None, timeout_s: float = 120) -> str:
        """What kubectl prints, in the product's namespace."""
        return self.run(
            "kubectl", "-n", self.namespace, *arguments, given=given, timeout_s=timeout_s
        )

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def items(self, kind: str, *selectors: str) -> list[dict[str, Any]]:
        """All objects of a kind."""
        found = json.loads(self.kubectl("get", kind, "-o", "json", *selectors))
        items: list[dict[str, Any]] = found["items"]
        return items

    def apply(self, *manifests: Mapping[str, Any]) -> str:
        """Apply objects."""
        return self.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(manifests))

    def apply_task(self, name: str, function: str = "probe", **spec: Any) -> None:
        """Apply a Task, as a person does; without ``input`` in its spec the input is empty."""
        self.apply(
            {
                "apiVersion": "asynctaskflow.dev/v1alpha1",
                "kind": "Task",
                "metadata": {"name": name},
                "spec": {"function": function, "input": {}, **spec},
            }
        )

    def stop_operator(self) -> None:
        """Take it away; ends when its pod is gone."""
        self.kubectl("scale", f"deployment/{self.full}-operator", "--replicas=0")
        selector = "app.kubernetes.io/component=operator"
        self.kubectl("wait", "--for=delete", "pod", "-l", selector, "--timeout=60s")

    def start_operator(self) -> None:
        """Bring it back."""
        self.kubectl("scale", f"deployment/{self.full}-operator", "--replicas=1")

    def patch(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Merge into an object, as a person does with kubectl."""
        self.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps(body))

    def install(self, values: Mapping[str, Any] | None = None, *, verb: str = "install") -> str:
        """``helm install`` (or ``upgrade``) with the images of this checkout; waits until all is up.

        The kinds belong to whoever installed them first: others leave them alone.
        """
        if verb == "install":
            self._kinds = "functions.asynctaskflow.dev" not in self.run("kubectl", "get", "crd")
        own = merged(VALUES, {"crds": {"install": self._kinds}})
        text = yaml.safe_dump(merged(own, values or {}))
        words = ["helm", verb, self.release, str(CHART), "-n", self.namespace, "-f", "-", "--wait"]
        if verb == "install":
            words.append("--create-namespace")
        return self.run(*words, f"--timeout={INSTALL_S}s", given=text, timeout_s=INSTALL_S + 30)

    def uninstall(self) -> None:
        """``helm uninstall``."""
        self.run("helm", "uninstall", self.release, "-n", self.namespace, timeout_s=INSTALL_S)

    @property
    def api_key(self) -> str:
        """The admin key that the installation made."""
        query = "go-template={{.data.key | base64decode}}"
        return self.kubectl("get", "secret", f"{self.full}-api-key", "-o", query)

    @property
    def full(self) -> str:
        """What the chart's own objects are called."""
        return f"{self.release}-asynctaskflow"

    @property
    def http(self) -> httpx2.Client:
        """REST through the Service, with the admin key."""
        if self._client is None:
            key = {"Authorization": f"Bearer {self.api_key}"}
            self._client = httpx2.Client(
                base_url=self.url(), headers=key, timeout=REQUEST_S, trust_env=False
            )
        return self._client

    def url(self) -> str:
        """Where the Service answers."""
        if self._direct:
            service = self.get("service", f"{self.full}-api")
            return f"http://{service['spec']['clusterIP']}"
        return self._forwarded()

    def submit(self, function: str, given: Mapping[str, Any], **query: str | float) -> str:
        """Submit over REST; the task's id."""
        path = f"/api/v1/functions/{function}/tasks"
        answer = self.http.post(path, json=dict(given), params=dict(query))
        answer.raise_for_status()
        return str(answer.json()["task_id"])

    def submit_many(self, function: str, given: Sequence[Mapping[str, Any]]) -> list[str]:
        """Submit in bulk; the tasks' ids."""
        answer = self.http.post(
            f"/api/v1/functions/{function}/tasks/bulk", json=[dict(one) for one in given]
        )
        answer.raise_for_status()
        return [item["task_id"] for item in answer.json()["items"]]

    def task(self, task_id: str) -> dict[str, Any]:
        """A task as REST shows it."""
        answer = self.http.get(f"/api/v1/tasks/{task_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def await_state(self, task_id: str, *states: str, within_s: float) -> dict[str, Any]:
        """The task, once it is in one of the states."""
        found = until(
            lambda: (one := self.task(task_id))["state"] in states and one,
            within_s,
            what=f"{task_id} is {' or '.join(states)}",
        )
        assert found
        return found

    def status(self, kind: str, name: str) -> dict[str, Any]:
        """An object's status, empty if it has none yet."""
        found: dict[str, Any] = self.get(kind, name).get("status") or {}
        return found

    def replicas(self, function: str) -> int:
        """Workers that the Deployment asks for."""
        return int(self.get("deployment", f"atf-{function}")["spec"]["replicas"])

    def condition(self, kind: str, name: str, of_type: str) -> str:
        """A condition's status, ``Missing`` if it has none."""
        found = self.status(kind, name).get("conditions", ())
        return next((str(one["status"]) for one in found if one["type"] == of_type), "Missing")

    def pods(self, component: str) -> list[dict[str, Any]]:
        """Pods of one part that are not going."""
        found = self.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def redis(self, *command: str) -> str:
        """What a command of the embedded server answers."""
        return self.kubectl("exec", f"{self.full}-redis-0", "--", "valkey-cli", *command).strip()

    def account(self) -> str:
        """What can be seen of it: resources, Events, logs; for whoever asks why something did not happen."""
        seen = []
        for look in LOOKS:
            try:
                found = self.kubectl(*look.split(), timeout_s=LOOK_S)
            except (CommandFailed, subprocess.TimeoutExpired) as error:
                found = str(error)
            seen.append(f"$ kubectl -n {self.namespace} {look}\n{found}")
        return "\n".join(seen)

    def close(self) -> None:
        """End the port-forward, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None
        self._end_forward()

    def _forwarded(self) -> str:
        """Where the port-forward listens; another one if its pod has gone."""
        if self._forward is None or self._forward.poll() is not None:
            self._end_forward()
            service = f"service/{self.full}-api"
            words = ["kubectl", "-n", self.namespace, "port-forward", service, ":80"]
            self._forward = subprocess.Popen(words, env=self._environment(), stdout=subprocess.PIPE)
            assert self._forward.stdout is not None
            self._forward_url = f"http://{self._forward.stdout.readline().decode().split()[2]}"
        return self._forward_url

    def _end_forward(self) -> None:
        if self._forward is None:
            return
        self._forward.kill()
        self._forward.communicate()
        self._forward = None

    def _environment(self) -> dict[str, str]:
        env = HarnessSettings.environment()
        path = f"{bin_dir(['helm', 'kubectl'])}:{env['PATH']}"
        return {**env, "KUBECONFIG": str(self.kubeconfig), "PATH": path}
