"""The control plane goes away in parts; queues, workers and REST go on, and status catches up."""

import pytest

from asynctaskflow_testkit.commands import CommandFailed
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.kubernetes.providers import LocalManager
from asynctaskflow_testkit.waiting import until


def operator_pod(product: Product) -> str:
    (pod,) = product.pods("operator")
    return str(pod["metadata"]["name"])


def test_an_operator_that_is_killed_comes_back_and_loses_nothing(calm: Product):
    for number in range(3):
        calm.apply_task(f"killed-{number}", input={"seconds": 2})
        calm.kubectl("delete", "pod", operator_pod(calm), "--grace-period=0", "--force")

    for number in range(3):
        calm.kubectl("wait", "--for=condition=Finished", f"task/killed-{number}", "--timeout=120s")
        status = calm.status("task", f"killed-{number}")
        assert (status["state"], status["attempts"]) == ("COMPLETED", 1)


def test_without_an_operator_rest_and_workers_go_on_and_status_catches_up(calm: Product):
    calm.patch("function", "probe", {"spec": {"visibility": "Always"}})
    calm.submit("probe", {})
    until(lambda: calm.replicas("probe") > 0, 30, what="a worker")
    calm.stop_operator()

    ids = calm.submit_many("probe", [{"seconds": 0.2}] * 10)
    for task_id in ids:
        calm.await_state(task_id, "COMPLETED", within_s=60)
    calm.start_operator()

    until(lambda: all(shown(calm, one) == "COMPLETED" for one in ids), 90, what="status catches up")
    calm.patch("function", "probe", {"spec": {"visibility": "Never"}})


@pytest.mark.timeout(600)
def test_without_an_api_server_for_a_minute_work_goes_on_and_status_catches_up(
    calm: Product, cluster
):
    if not isinstance(cluster, LocalManager):
        pytest.fail("only the local cluster's API server can be stopped from here")
    calm.apply_task("through-the-outage", input={"seconds": 20})
    until(lambda: calm.status("task", "through-the-outage").get("state") == "ACTIVE", 60)
    url, client = calm.url(), calm.http

    cluster.cluster.stop_process("kube-apiserver")
    answers = [client.post(f"{url}/api/v1/functions/probe/tasks?wait=50", json={"seconds": 30})]
    until(lambda: client.get(f"{url}/ready").status_code == 200, 30)
    answers.append(client.post(f"{url}/api/v1/functions/probe/tasks?wait=50", json={"seconds": 20}))
    cluster.cluster.start_process("kube-apiserver")

    assert [answer.status_code for answer in answers] == [200, 200]
    # Kubelet, controllers and CoreDNS, cut off for a minute, wait before they try again.
    until(lambda: cluster.ready(), 150, what="the cluster has found its API server again")
    calm.kubectl("wait", "--for=condition=Finished", "task/through-the-outage", "--timeout=120s")
    until(lambda: calm.condition("function", "probe", "Ready") == "True", 90)
    assert calm.status("task", "through-the-outage")["state"] == "COMPLETED"


def test_two_operators_one_acts_and_the_other_takes_over(calm: Product):
    deployment = f"deployment/{calm.full}-operator"
    leader = operator_pod(calm)
    calm.kubectl("scale", deployment, "--replicas=2")
    # Controllers that were cut off from the API server wait before they try again.
    until(lambda: len(calm.pods("operator")) == 2, 150)
    (other,) = {pod["metadata"]["name"] for pod in calm.pods("operator")} - {leader}
    until(lambda: "standing_by" in log_of(calm, other), 60, what="the second one says so")

    calm.kubectl("delete", "pod", leader, "--grace-period=0", "--force")

    # The one that stood by, or the one that replaces the first: whoever looks first.
    until(lambda: holder(calm) not in {"", leader}, 90, what="another one takes over")
    assert "operator_leads" in until(lambda: log_of(calm, holder(calm)), 30)
    calm.kubectl("scale", deployment, "--replicas=1")
    until(lambda: len(calm.pods("operator")) == 1, 60)
    until(lambda: holder(calm) == operator_pod(calm), 60, what="the one that is left holds it")


def log_of(product: Product, pod: str) -> str:
    """What a pod has said; nothing while it starts."""
    try:
        return product.kubectl("logs", pod)
    except CommandFailed:
        return ""


def holder(product: Product) -> str:
    lease = product.get("lease", f"{product.full}-operator")
    return str(lease["spec"].get("holderIdentity", ""))


def shown(product: Product, task_id: str) -> str:
    found = product.items("tasks", f"--field-selector=metadata.name={task_id}")
    return str((found[0].get("status") or {}).get("state", "")) if found else ""
