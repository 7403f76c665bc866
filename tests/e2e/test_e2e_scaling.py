"""From zero to many and back on queue depth, and no task is interrupted on the way down."""

import random

import pytest

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

MOST = 6
DOWNS = 30


def test_workers_come_with_the_queue_and_go_with_it(calm: Product):
    calm.submit_many("probe", [{"seconds": 2}] * 12)

    until(lambda: calm.replicas("probe") == MOST, 20, what="as many workers as allowed")
    until(lambda: calm.replicas("probe") == 0, 60, what="no workers")

    until(lambda: calm.status("function", "probe")["scaling"]["last"]["to"] == 0, 20)
    why = calm.status("function", "probe")["scaling"]
    assert "idle for" in why["last"]["reason"]
    assert max(one["to"] for one in why["history"]) >= 1
    reasons = {event["reason"] for event in calm.items("events")}
    assert {"ScaledUp", "ScaledToZero"} <= reasons


def test_a_person_scales_with_kubectl_and_gives_it_back(calm: Product):
    calm.kubectl("scale", "afn/probe", "--replicas=2")
    until(lambda: calm.status("function", "probe").get("readyReplicas") == 2, 60)
    forced = calm.status("function", "probe")["scaling"]["last"]

    calm.patch("function", "probe", {"spec": {"replicas": None}})

    assert forced["limitedBy"] == "Forced"
    until(lambda: calm.replicas("probe") == 0, 60, what="automatic again")


def test_a_paused_function_accepts_and_hands_out_nothing(calm: Product):
    calm.patch("function", "probe", {"spec": {"paused": True}})
    try:
        until(lambda: calm.redis("HGET", "function:{probe}", "paused") == "1", 20)
        task_id = calm.submit("probe", {})
        until(lambda: calm.status("function", "probe")["queue"]["pending"] == 1, 30)
        waiting = calm.task(task_id)["state"]
    finally:
        calm.patch("function", "probe", {"spec": {"paused": False}})

    assert waiting == "PENDING"
    assert calm.await_state(task_id, "COMPLETED", within_s=60)


@pytest.mark.timeout(900)
def test_no_task_is_interrupted_by_thirty_scale_downs(calm: Product):
    """Bursts of tasks of very different length: the number of workers falls again and again, under busy ones."""
    chance = random.Random(7)
    before, ids = scale_downs(calm), []
    while len(scale_downs(calm) - before) < DOWNS:
        burst = [{"seconds": round(chance.uniform(1, 20), 1)} for _ in range(MOST)]
        ids += calm.submit_many("probe", burst)
        for task_id in ids[-MOST:]:
            calm.await_state(task_id, "COMPLETED", within_s=90)

    states = [[one["state"] for one in calm.task(task_id)["state_history"]] for task_id in ids]
    assert states == [["PENDING", "ACTIVE", "COMPLETED"]] * len(ids)


def scale_downs(product: Product) -> set[str]:
    """When the number of workers was lowered, as the kept decisions tell."""
    answer = product.http.get("/api/v1/functions/probe/scaling?limit=50")
    answer.raise_for_status()
    decisions = answer.json()["decisions"]
    SEEN.update(one["at"] for one in decisions if one["acts"] and one["replicas"] < one["previous"])
    return set(SEEN)


SEEN: set[str] = set()  # the log keeps 50: what it showed before counts too
