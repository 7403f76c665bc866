"""New versions under load: of the chart, and of a function's image."""

import shutil
from pathlib import Path

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.kubernetes.providers import add_image
from asynctaskflow_testkit.waiting import until

PROBE = Path(__file__).parent / "function"
NEXT = "docker.io/asynctaskflow/probe-function:next"


def completed_once(product: Product, ids: list[str]) -> bool:
    tasks = [product.await_state(task_id, "COMPLETED", within_s=120) for task_id in ids]
    return [task["retry_count"] for task in tasks] == [0] * len(ids)


def images_of_probe(product: Product) -> set[str]:
    """Of every pod that is there, also of those that end their last task."""
    pods = product.items("pods", "-l", "asynctaskflow.dev/function=probe")
    return {pod["spec"]["containers"][0]["image"] for pod in pods}


def test_a_function_gets_a_new_environment_under_load(calm: Product):
    ids = calm.submit_many("probe", [{"seconds": 3}] * 12)
    until(lambda: len(calm.pods("worker")) >= 3, 60)

    calm.patch("function", "probe", {"spec": {"env": {"RELEASE": "2"}}})
    ids += calm.submit_many("probe", [{"seconds": 1}] * 6)

    assert completed_once(calm, ids)
    assert calm.get("deployment", "atf-probe")["metadata"]["generation"] > 1
    assert calm.condition("function", "probe", "Ready") == "True"


def test_a_function_gets_a_new_image_under_load(calm: Product, cluster, tmp_path: Path):
    folder = shutil.copytree(PROBE, tmp_path / "next")
    source = folder / "probe.py"
    source.write_text(source.read_text().replace('"attempt": ', '"release": 2, "attempt": '))
    add_image(cluster, folder, tag=NEXT)
    before = calm.get("function", "probe")["spec"]["image"]
    ids = calm.submit_many("probe", [{"seconds": 3}] * 12)
    until(lambda: len(calm.pods("worker")) >= 3, 60)

    calm.patch("function", "probe", {"spec": {"image": NEXT}})
    ids += calm.submit_many("probe", [{"seconds": 1}] * 6)
    until(lambda: before not in images_of_probe(calm), 90, what="no worker has the old image")
    last = calm.submit("probe", {})

    assert completed_once(calm, [*ids, last])
    assert calm.task(last)["output"]["release"] == 2
    calm.patch("function", "probe", {"spec": {"image": before}})


def test_the_chart_is_upgraded_under_load(calm: Product):
    before = calm.get("deployment", f"{calm.full}-api")["metadata"]["generation"]
    ids = calm.submit_many("probe", [{"seconds": 2}] * 12)

    calm.install(
        {"api": {"logLevel": "warning"}, "operator": {"logLevel": "debug"}}, verb="upgrade"
    )
    ids += calm.submit_many("probe", [{"seconds": 1}] * 6)

    assert completed_once(calm, ids)
    assert calm.get("deployment", f"{calm.full}-api")["metadata"]["generation"] > before
