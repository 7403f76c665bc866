"""The objects that the operator creates for a Function."""

import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_operator.manifests.worker import (
    Installation,
    Owner,
    deployment,
    disruption_budget,
    service_account,
)

OWNER = Owner("summarize", "uid-1")
INSTALLATION = Installation("prod", "asynctaskflow-redis", "url")


def made(installation=INSTALLATION, **spec):
    given = FunctionSpec.model_validate({"handler": "m:f", "image": "i:1", **spec})
    return deployment(OWNER, given, installation=installation, replicas=3)


def pod_of(manifest):
    return manifest["spec"]["template"]["spec"]


def container_of(manifest):
    (container,) = pod_of(manifest)["containers"]
    return container


def environment_of(manifest):
    return {one["name"]: one for one in container_of(manifest)["env"]}


def test_every_object_belongs_to_its_function():
    manifests = (
        made(),
        service_account(OWNER, installation=INSTALLATION),
        disruption_budget(OWNER, installation=INSTALLATION),
    )

    for manifest in manifests:
        (owner,) = manifest["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Function", "summarize", "uid-1")
        assert manifest["metadata"]["name"] == "atf-summarize"
        assert manifest["metadata"]["namespace"] == "prod"


def test_pods_satisfy_the_restricted_pod_security_standard():
    pod, container = pod_of(made()), container_of(made())

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [sorted(volume) for volume in pod["volumes"]] == [["emptyDir", "name"]]


def test_no_worker_gets_a_token():
    account = service_account(OWNER, installation=INSTALLATION)

    assert account["automountServiceAccountToken"] is False
    assert pod_of(made())["automountServiceAccountToken"] is False
    assert pod_of(made())["serviceAccountName"] == "atf-summarize"


def test_the_grace_period_holds_the_functions_own_and_some():
    manifest = made(timeouts={"graceSeconds": 60})

    assert pod_of(manifest)["terminationGracePeriodSeconds"] == 70


def test_the_redis_url_comes_from_the_secret_and_nothing_can_replace_it():
    environment = environment_of(made(env={"ATF_REDIS_URL": "redis://evil", "MODE": "fast"}))

    assert environment["MODE"] == {"name": "MODE", "value": "fast"}
    assert environment["ATF_REDIS_URL"]["valueFrom"]["secretKeyRef"] == {
        "name": "asynctaskflow-redis",
        "key": "url",
    }


def test_a_worker_is_named_like_its_pod():
    environment = environment_of(made())

    for name in ("ATF_WORKER_ID", "ATF_POD"):
        assert environment[name]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_named_secrets_become_environment_and_may_be_absent():
    manifest = made(runtime={"secrets": ["llm"]})

    assert container_of(manifest)["envFrom"] == [{"secretRef": {"name": "llm", "optional": True}}]


@pytest.mark.parametrize("secret", ["", "blobs"], ids=["without", "with"])
def test_a_blob_store_is_named_only_where_there_is_one(secret):
    installation = Installation("prod", "r", "url", blob_secret=secret)

    assert ("ATF_BLOB_URL" in environment_of(made(installation))) == bool(secret)


def test_readiness_is_about_being_up_and_not_about_claiming():
    container = container_of(made())

    assert container["readinessProbe"]["httpGet"]["path"] == "/live"
    assert container["livenessProbe"]["httpGet"]["path"] == "/live"


def test_only_the_quantities_that_are_set_are_asked_for():
    manifest = made(runtime={"resources": {"requests": {"cpu": "1"}, "limits": {}}})

    assert container_of(manifest)["resources"] == {"requests": {"cpu": "1"}, "limits": {}}


def test_what_running_workers_take_over_does_not_change_their_pods():
    calm, changed = made(), made(concurrency={"slotsPerWorker": 9}, retry={"maxAttempts": 9})

    assert calm == changed


def test_a_rollout_starts_a_worker_before_it_stops_one():
    assert made()["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_worker_is_told_which_function_it_is_for():
    assert environment_of(made())["ATF_FUNCTION"] == {"name": "ATF_FUNCTION", "value": "summarize"}
