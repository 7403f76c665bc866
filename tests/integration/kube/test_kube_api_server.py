"""The kit's API server does what tests of outages and of API writes rely on."""

import pytest

from asynctaskflow_testkit.hostile import manifest_of
from asynctaskflow_testkit.kube_api import MERGE_PATCH, KubeApi
from asynctaskflow_testkit.waiting import until

pytestmark = pytest.mark.needs("kubernetes")


def test_what_is_stored_outlives_an_outage(kube_api: KubeApi, namespace, create) -> None:
    create(manifest_of("Task")).raise_for_status()
    url = kube_api.url

    kube_api.stop()
    assert not kube_api.alive
    kube_api.start()

    assert kube_api.url == url
    assert kube_api.request("GET", kube_api.path("Task", namespace, "good")).status_code == 200


def test_definitions_can_be_applied_again(kube_api: KubeApi, create) -> None:
    kube_api.apply_crds()

    assert create(manifest_of("Task")).status_code == 201


def test_the_audit_log_counts_a_namespaces_writes(kube_api: KubeApi, namespace, create) -> None:
    create(manifest_of("Task")).raise_for_status()
    until(lambda: kube_api.audit.writes(namespace=namespace), 5, what="the create is logged")
    mark = kube_api.audit.position()
    path = kube_api.path("Task", namespace, "good", part="status")
    for state in ("PENDING", "ACTIVE"):
        patch = {"status": {"state": state}}
        kube_api.request("PATCH", path, patch, content=MERGE_PATCH).raise_for_status()
    kube_api.request("GET", path).raise_for_status()

    until(lambda: len(kube_api.audit.requests(namespace=namespace, since=mark)) == 3, 5)

    assert kube_api.audit.writes(namespace=namespace, since=mark) == {("patch", "tasks/status"): 2}


def test_a_refused_request_is_in_the_audit_log(kube_api: KubeApi, namespace, create) -> None:
    create(manifest_of("Task", {"function": "UPPER"}))

    (seen,) = until(lambda: kube_api.audit.requests(namespace=namespace), 5)

    assert (seen.verb, seen.resource, seen.code, seen.user) == ("create", "tasks", 422, "admin")
