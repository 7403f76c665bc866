"""A service that is down: its breaker opens, no attempt is burned, one call at a time asks whether it is back."""

import time

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

FLAKY = "flaky:8081"
OPEN_S = 4
TASKS_OF_A_MINUTE = 60  # at one call a second


def serve(product: Product, *, replicas: int) -> None:
    """Take the service down, or bring it back."""
    product.kubectl("scale", "deployment/flaky", f"--replicas={replicas}")
    verb = "rollout" if replicas else "wait"
    rest = (
        ["status", "deployment/flaky"] if replicas else ["--for=delete", "pod", "-l", "app=flaky"]
    )
    product.kubectl(verb, *rest, "--timeout=60s")


def test_an_outage_opens_the_breaker_holds_workers_and_heals(calm: Product):
    serve(calm, replicas=0)
    began_s = time.monotonic()
    first = calm.submit_many("probe", [{"call": FLAKY}] * 4)
    until(lambda: calm.status("dependency", "flaky").get("state") == "Open", 60, what="it opens")
    until(lambda: calm.status("function", "probe").get("breaker") in {"Open", "HalfOpen"}, 30)
    at_opening = calm.replicas("probe")
    ids = first + calm.submit_many("probe", [{"call": FLAKY}] * 12)

    until(lambda: calm.replicas("probe") <= 1, 30, what="one worker is left to ask")
    unhealthy = calm.condition("function", "probe", "DependenciesHealthy")
    serve(calm, replicas=1)
    outage_s = time.monotonic() - began_s
    tasks = [calm.await_state(task_id, "COMPLETED", within_s=120) for task_id in ids]
    until(lambda: calm.status("dependency", "flaky")["state"] == "Closed", 30)

    assert unhealthy == "False"
    assert calm.replicas("probe") <= max(at_opening, 6)
    # What opened it has failed, and then one probe in each open time: nothing else burns an attempt.
    probes = outage_s / OPEN_S + 1
    assert sum(task["retry_count"] for task in tasks) <= len(first) + probes
    assert {"BreakerOpen", "BreakerClosed"} <= {event["reason"] for event in calm.items("events")}
    until(lambda: calm.condition("dependency", "flaky", "Healthy") == "True", 30)


def test_a_person_opens_and_closes_the_breaker_by_the_spec(calm: Product):
    calm.patch("dependency", "flaky", {"spec": {"override": "ForceOpen"}})
    until(lambda: calm.status("dependency", "flaky")["state"] == "Open", 30)
    task_id = calm.submit("probe", {"call": FLAKY})
    calm.await_state(task_id, "SCHEDULED", within_s=60)

    calm.patch("dependency", "flaky", {"spec": {"override": "Auto"}})

    assert calm.await_state(task_id, "COMPLETED", within_s=90)["retry_count"] == 0


def test_no_more_workers_than_the_rate_limit_can_feed(calm: Product):
    limit = {"requests": 1, "intervalSeconds": 1}
    calm.patch("dependency", "flaky", {"spec": {"rateLimit": limit}})
    try:
        ids = calm.submit_many("probe", [{"seconds": 1, "call": FLAKY}] * TASKS_OF_A_MINUTE)
        until(lambda: limited_by(calm) == "RateLimit" and calm.replicas("probe") <= 2, 55)
    finally:
        calm.patch("dependency", "flaky", {"spec": {"rateLimit": None}})

    for task_id in ids:
        calm.await_state(task_id, "COMPLETED", within_s=120)


def limited_by(product: Product) -> str:
    """What limits the workers of probe now."""
    last = (product.status("function", "probe").get("scaling") or {}).get("last") or {}
    return str(last.get("limitedBy", ""))
