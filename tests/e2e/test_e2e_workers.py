"""Workers that die, and users' own functions."""

from pathlib import Path

import yaml
from typer.testing import CliRunner

from asynctaskflow_cli.main import cli
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.kubernetes.providers import add_image
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


def test_a_function_of_ones_own_goes_from_scaffold_to_result(product: Product, cluster, tmp_path):
    folder, tag = tmp_path / "hello-cluster", "docker.io/library/hello-cluster:1"
    result = CliRunner().invoke(cli, ["init", "hello-cluster", "--folder", str(folder)])
    assert result.exit_code == 0
    add_image(cluster, folder, tag=tag)

    product.kubectl("apply", "-f", str(folder / "function.yaml"))
    until(lambda: product.condition("function", "hello-cluster", "Ready") == "True", 30)
    task_id = product.submit("hello-cluster", {"text": "three small words"})
    task = product.await_state(task_id, "COMPLETED", within_s=60)

    assert task["output"] == {"words": 3}
    product.kubectl("delete", "function", "hello-cluster", "--timeout=60s")
    assert not product.items("deployments", "-l", "asynctaskflow.dev/function=hello-cluster")


def test_the_example_of_the_readme_counts_words(product: Product):
    manifest = yaml.safe_load(EXAMPLE.read_text())
    manifest["spec"]["image"] = "docker.io/asynctaskflow/word-count:dev"

    product.apply(manifest)
    until(lambda: product.condition("function", "word-count", "Ready") == "True", 30)
    task_id = product.submit("word-count", {"text": "to be or not to be"})
    task = product.await_state(task_id, "COMPLETED", within_s=60)

    assert task["output"] == {"to": 2, "be": 2, "or": 1}
    product.kubectl("delete", "function", "word-count", "--timeout=60s")
