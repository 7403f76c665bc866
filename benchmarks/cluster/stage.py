"""A cluster of the benchmark's own with the product installed by Helm, and what the parts ask of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asynctaskflow_testkit.kubernetes.images import ImageBuilder
from asynctaskflow_testkit.kubernetes.local_cluster import LocalCluster
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.kubernetes.providers import enter
from asynctaskflow_testkit.waiting import until
from benchmarks.cluster.kube import KubeApi, Manifest

NAME = "atf-bench"  # beside the clusters of people and of the end-to-end tests
NAMESPACE = "bench"
IMAGES = ("valkey", "api", "operator", "probe-function")
WORKER_IMAGE = "docker.io/asynctaskflow/probe-function:dev"
VERSION = "asynctaskflow.dev/v1alpha1"
SAMPLES_OFF = {"functions": {"summarize": {"enabled": False}, "pdfxtract": {"enabled": False}}}
READY_S = 60
EMPTY_S = 120
PROBE = "probe"  # its handler's name, so the Function has no other
DEPENDENCY = "flaky"  # the handler of the probe names it; nobody calls it here


@dataclass(frozen=True, slots=True)
class Stage:
    """What is measured, and how it is asked."""

    product: Product
    kube: KubeApi
    audit_log: Path

    def add(self, name: str = PROBE, **spec: Any) -> None:
        """Apply a Function, a new one without the history of another part's, and wait until it is ready."""
        self.product.kubectl("delete", "function", name, "--ignore-not-found")
        until(lambda: not self.pods(name), EMPTY_S, what=f"{name} has no pods")
        self.product.apply(function(name, **spec))
        until(
            lambda: self.product.condition("function", name, "Ready") == "True",
            READY_S,
            what=f"{name} is ready",
        )

    def pods(self, name: str = PROBE) -> list[dict[str, Any]]:
        """A Function's pods, those that are going too."""
        found: list[dict[str, Any]] = self.kube.list("pods", labels=label(name))["items"]
        return found

    def await_none(self) -> None:
        """Wait until the probe has no pods and asks for none."""
        until(
            lambda: not self.pods() and self.product.replicas(PROBE) == 0,
            EMPTY_S,
            what="the probe is at zero",
        )


@contextmanager
def stage(*, keep: bool) -> Iterator[Stage]:
    """Build, start and install; all of it is gone afterwards, unless it is to be kept."""
    images = ImageBuilder().archives(IMAGES)
    cluster = LocalCluster(NAME)
    cluster.up()
    try:
        cluster.load(list(images.values()))
        enter(cluster.network.path)
        product = Product(cluster.kubeconfig, NAMESPACE, direct=True)
        is_there = product.release in product.run("helm", "list", "-n", NAMESPACE, "--short")
        product.install(SAMPLES_OFF, verb="upgrade" if is_there else "install")
        product.apply(dependency())
        yield Stage(product, KubeApi(cluster.kubeconfig, NAMESPACE), cluster.audit_log)
        product.close()
    finally:
        if not keep:
            cluster.down()


def label(name: str) -> str:
    """What selects a Function's pods."""
    return f"asynctaskflow.dev/function={name}"


def function(name: str, **spec: Any) -> Manifest:
    """A Function of the end-to-end tests' probe: it sleeps as long as a task says."""
    whole = {
        "image": WORKER_IMAGE,
        "handler": "probe:probe",
        "dependencies": [DEPENDENCY],
        "concurrency": {"slotsPerWorker": 1},
        "onDelete": {"tasks": "Fail"},  # a part that broke must not hold up the next one
        "runtime": {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}},
        **spec,
    }
    return _manifest("Function", name, whole)


def dependency() -> Manifest:
    """The service that the probe's handler may call."""
    return _manifest("Dependency", DEPENDENCY, {})


def task(name: str, of: str) -> Manifest:
    """A task as a person applies it."""
    return _manifest("Task", name, {"function": of, "input": {}})


def wait_s(record: Mapping[str, Any]) -> float:
    """From a task's acceptance to its start, both by the clock of Redis."""
    return moment_s(record["started_at"]) - moment_s(record["created_at"])


def moment_s(text: str) -> float:
    """Seconds since the epoch of a time in JSON."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _manifest(kind: str, name: str, spec: Mapping[str, Any]) -> Manifest:
    return {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}
