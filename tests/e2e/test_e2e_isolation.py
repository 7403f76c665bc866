"""Two installations in two namespaces know nothing of each other; hostile resources stop nobody."""

from collections.abc import Callable

import pytest

from asynctaskflow_testkit.commands import CommandFailed
from asynctaskflow_testkit.hostile import HOSTILE
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

TEXT = {
    "text": "Rivers carry sand to the coast. Dams hold the sand back. So the coast is worn away."
}


def test_two_installations_share_nothing(product: Product, new_product: Callable[[str], Product]):
    other = new_product("other")
    other.install({"functions": {"pdfxtract": {"enabled": False}}})

    other.apply_task("mine", "summarize", input=TEXT)
    other.apply_task("not-mine", "probe")
    other.kubectl("wait", "--for=condition=Finished", "task/mine", "--timeout=90s")
    until(lambda: other.status("task", "not-mine").get("reason") == "FunctionNotFound", 30)

    task_id = other.status("task", "mine")["taskId"]
    assert product.http.get(f"/api/v1/tasks/{task_id}").status_code == 404
    assert not [one for one in product.items("tasks") if one["metadata"]["name"] == "mine"]
    other.uninstall()
    other.kubectl("delete", "namespace", other.namespace, "--wait=false")


def test_hostile_resources_are_refused_and_others_go_on(product: Product):
    accepted = []
    for case in HOSTILE[::7]:
        try:
            product.apply(case.manifest)
        except CommandFailed:
            continue
        accepted.append(str(case))

    product.apply_task("after-the-attack", "summarize", input=TEXT)

    assert accepted == []
    product.kubectl("wait", "--for=condition=Finished", "task/after-the-attack", "--timeout=90s")


def test_workers_may_do_nothing_in_the_cluster(product: Product):
    account = f"system:serviceaccount:{product.namespace}:atf-probe"

    for verb, kind in (
        ("get", "secrets"),
        ("list", "pods"),
        ("get", "functions"),
        ("create", "tasks"),
    ):
        with pytest.raises(CommandFailed):
            product.kubectl("auth", "can-i", verb, kind, f"--as={account}", "--quiet")
