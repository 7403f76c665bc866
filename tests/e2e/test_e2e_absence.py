"""Five minutes without an operator: they begin when the session begins, and this test comes last of all."""

import time

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

AWAY_S = 300.0


def test_five_minutes_without_an_operator_lose_nothing(deserted: tuple[Product, float]):
    product, since_s = deserted
    uid = product.get("task", "later")["metadata"]["uid"]
    product.kubectl("delete", "task", "later")
    product.apply_task("applied")
    for task_id in product.submit_many("probe", [{"seconds": 0.1}] * 20):
        product.await_state(task_id, "COMPLETED", within_s=60)
    until(lambda: time.monotonic() >= since_s + AWAY_S, AWAY_S + 1, what="five minutes")
    assert product.status("task", "running")["state"] == "ACTIVE", "nobody wrote of its end"

    product.start_operator()

    for name in ("running", "applied"):
        product.kubectl("wait", "--for=condition=Finished", f"task/{name}", "--timeout=90s")
        status = product.status("task", name)
        assert (status["state"], status["attempts"]) == ("COMPLETED", 1)
    product.await_state(f"probe-{uid}", "CANCELLED", within_s=60)
    until(lambda: product.replicas("probe") == 0, 60, what="idle workers are taken away")
    assert product.condition("function", "probe", "Ready") == "True"
