"""Workers that die, and users' own functions."""

from pathlib import Path

import yaml

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

EXAMPLE = Path(__file__).parents[2] / "examples" / "word-count" / "function.yaml"


def test_a_task_whose_pod_is_killed_is_completed_by_another(calm: Product):
    task_id = calm.submit("probe", {"seconds": 6})
    first = calm.await_state(task_id, "ACTIVE", within_s=60)["worker_id"]

    calm.kubectl("delete", "pod", first, "--grace-period=0", "--force")
    task = calm.await_state(task_id, "COMPLETED", within_s=90)

    assert task["output"]["pod"] != first


def test_a_task_that_kills_its_workers_becomes_a_dead_letter(calm: Product):
    task_id = calm.submit("probe", {"die": True})

    task = calm.await_state(task_id, "DLQ", within_s=150)

    assert task["error_history"][-1]["error_type"] == "worker_lost"
    calm.http.delete(f"/api/v1/tasks/{task_id}").raise_for_status()


def test_a_function_of_ones_own_goes_from_its_manifest_to_a_result(product: Product):
    manifest = yaml.safe_load(EXAMPLE.read_text())
    manifest["spec"]["image"] = "docker.io/asynctaskflow/word-count:dev"

    product.apply(manifest)
    until(lambda: product.condition("function", "word-count", "Ready") == "True", 30)
    task_id = product.submit("word-count", {"text": "to be or not to be"})
    task = product.await_state(task_id, "COMPLETED", within_s=60)

    assert task["output"] == {"to": 2, "be": 2, "or": 1}
    product.kubectl("delete", "function", "word-count", "--timeout=60s")
    assert (
        product.kubectl(
            "get", "deployment", "-l", "asynctaskflow.dev/function=word-count", "-o", "name"
        )
        == ""
    )
