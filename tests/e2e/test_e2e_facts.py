"""The dashboard's page of a Function says what the cluster says: read through the API, with the rights of the chart."""

from typing import Any

import yaml

from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

FUNCTION = """
apiVersion: asynctaskflow.dev/v1alpha1
kind: Function
metadata: {name: imageless}
spec:
  image: registry.invalid/team/imageless:1
  handler: nowhere:nothing
  scaling: {minReplicas: 1}
  runtime: {resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 128Mi}}}
"""
NOT_PULLED = {"ErrImagePull", "ImagePullBackOff"}


def test_an_image_that_does_not_exist_is_told_as_the_reason_with_its_events(calm: Product):
    calm.apply(yaml.safe_load(FUNCTION))
    try:
        until(lambda: troubled(calm), 60, what="the pod says why it does not start")
        until(lambda: "Failed" in reasons(calm), 60, what="its Event is shown")
        found = facts(calm)
    finally:
        calm.kubectl("delete", "function", "imageless", "--timeout=60s")

    (pod,) = found["pods"]
    assert (pod["ready"], found["workers"]["ready"]) == (False, 0)
    assert found["workers"]["image"] == "registry.invalid/team/imageless:1"
    assert "registry.invalid/team/imageless:1" in pod["message"]
    assert "Ready" in {one["type"] for one in found["conditions"]}


def facts(product: Product) -> dict[str, Any]:
    answer = product.http.get("/api/v1/functions/imageless/cluster")
    answer.raise_for_status()
    return dict(answer.json())


def troubled(product: Product) -> bool:
    return any(one["needs_help"] and one["reason"] in NOT_PULLED for one in facts(product)["pods"])


def reasons(product: Product) -> set[str]:
    return {one["reason"] for one in facts(product)["events"]}
