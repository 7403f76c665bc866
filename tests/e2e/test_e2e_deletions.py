"""What is deleted ends: tasks are cancelled, functions leave no key, and nothing is stuck in its end."""

import yaml

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until


def copy_of_word_count(name: str, **spec: object) -> dict:
    """A function that nobody else uses; its workers run the image of word-count under the name of it."""
    return {
        "apiVersion": "asynctaskflow.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": name},
        "spec": {
            "image": "docker.io/asynctaskflow/word-count:dev",
            "handler": "word_count:word_count",
            **spec,
        },
    }


def test_a_task_deleted_while_it_runs_is_cancelled(calm: Product):
    calm.apply_task("deleted", input={"seconds": 30})
    until(lambda: calm.status("task", "deleted").get("state") == "ACTIVE", 60)
    task_id = calm.status("task", "deleted")["taskId"]

    calm.kubectl("delete", "task", "deleted", "--timeout=20s")

    calm.await_state(task_id, "CANCELLED", within_s=30)


def test_a_task_is_cancelled_and_a_dead_letter_redriven_by_their_specs(calm: Product):
    calm.apply_task("cancelled", input={"seconds": 30})
    until(lambda: calm.status("task", "cancelled").get("state") == "ACTIVE", 60)
    calm.apply_task("redriven", input={"fail": True})

    calm.patch("task", "cancelled", {"spec": {"desiredState": "Cancelled"}})
    until(lambda: calm.status("task", "redriven").get("state") == "DLQ", 60)
    calm.patch("task", "redriven", {"spec": {"redrives": 1}})

    until(lambda: calm.status("task", "cancelled").get("state") == "CANCELLED", 30)
    until(lambda: calm.status("task", "redriven").get("redrives") == 1, 60)
    until(lambda: calm.status("task", "redriven").get("state") == "DLQ", 60)
    assert calm.status("task", "redriven")["attempts"] == 2


def test_a_function_that_is_deleted_leaves_no_key_and_no_object(product: Product):
    manifest = copy_of_word_count("word-count", onDelete={"tasks": "Fail"})
    product.apply(manifest)
    until(lambda: product.condition("function", "word-count", "Ready") == "True", 30)
    product.patch("function", "word-count", {"spec": {"paused": True}})
    until(lambda: product.redis("HGET", "function:{word-count}", "paused") == "1", 20)
    product.apply(
        yaml.safe_load(
            """
            apiVersion: asynctaskflow.dev/v1alpha1
            kind: Task
            metadata: {name: orphan}
            spec: {function: word-count, input: {text: never counted}}
            """
        )
    )
    until(lambda: product.status("task", "orphan").get("state") == "PENDING", 30)

    product.kubectl("delete", "function", "word-count", "--timeout=60s")

    until(lambda: product.status("task", "orphan").get("state") == "FAILED", 30)
    assert product.status("task", "orphan")["reason"] == "FunctionDeleted"
    until(lambda: keys_of(product, "word-count") == [], 30, what="no key is left")
    until(
        lambda: product.items("deployments", "-l", "asynctaskflow.dev/function=word-count") == [],
        30,
    )


def keys_of(product: Product, function: str) -> list[str]:
    """Keys without a lifetime of their own."""
    found = product.redis("--scan", "--pattern", f"*{{{function}}}*").split()
    return [key for key in found if product.redis("TTL", key) == "-1"]
