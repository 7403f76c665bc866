"""``make cluster-up``: a cluster for a person, with the product installed and the first commands to type."""

import sys

from asynctaskflow_testkit.kubernetes.binaries import CannotBuild
from asynctaskflow_testkit.kubernetes.images import IMAGES, ImageBuilder
from asynctaskflow_testkit.kubernetes.local_cluster import LocalCluster
from asynctaskflow_testkit.kubernetes.machine import why_not
from asynctaskflow_testkit.kubernetes.product import Product

NAMESPACE = "asynctaskflow"
USAGE = 2
FIRST_COMMANDS = """\

The cluster is up, and AsyncTaskFlow serves the namespace {namespace}. `make cluster-shell` opens a shell in it; there:

  kubectl get atf
  kubectl apply -f examples/samples/task.yaml
  kubectl wait --for=condition=Finished task/article --timeout=60s
  kubectl get task article -o jsonpath='{{.status.result.summary}}{{"\\n"}}'
  kubectl get functions -o wide --watch
  kubectl explain function.spec.scaling

`make cluster-down` removes it.
"""


def main() -> int:
    """Start, install, say what to do next; 2 and one line if this machine cannot."""
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return USAGE
    cluster = LocalCluster()
    try:
        images = ImageBuilder().archives(name for name in IMAGES if name != "probe-function")
        cluster.up()
        cluster.load(list(images.values()))
        cluster.kubectl("config", "set-context", "--current", f"--namespace={NAMESPACE}")
        _install(cluster)
    except (CannotBuild, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(FIRST_COMMANDS.format(namespace=NAMESPACE))
    return 0


def _install(cluster: LocalCluster) -> None:
    product = Product(cluster.kubeconfig, NAMESPACE, direct=True, inside=cluster.inside)
    is_there = product.release in product.run("helm", "list", "--all-namespaces", "--short")
    product.install(verb="upgrade" if is_there else "install")


if __name__ == "__main__":
    sys.exit(main())
