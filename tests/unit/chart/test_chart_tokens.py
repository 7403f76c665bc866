"""What the chart adds so that the API can check Kubernetes tokens, and that it adds nothing otherwise."""

import json

import pytest
import yaml

from asynctaskflow_api.access import Role
from asynctaskflow_api.kube.rights import ALL_RIGHTS, User, principal_of
from asynctaskflow_testkit import chart

GOLDEN = chart.CHART.parents[1] / "tests" / "unit" / "chart" / "golden"
FULLNAME = "atf-asynctaskflow"
API_ACCOUNT = {"kind": "ServiceAccount", "name": f"{FULLNAME}-api", "namespace": "demo"}

pytestmark = pytest.mark.needs("helm")


def kinds_of(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def rules_of(objects, *kinds):
    return {one["metadata"]["name"]: one["rules"] for one in kinds_of(objects, *kinds)}


def api_pod(objects):
    (found,) = (
        one
        for one in kinds_of(objects, "Deployment")
        if one["metadata"]["name"] == f"{FULLNAME}-api"
    )
    return found["spec"]["template"]["spec"]


def test_rights_for_tokens_are_those_of_their_golden_file(rendered):
    found = rules_of(rendered("tokens"), "Role", "ClusterRole")
    wanted = [
        yaml.safe_load((GOLDEN / name).read_text()) for name in ("rbac.yaml", "rbac-tokens.yaml")
    ]

    assert found == wanted[0] | wanted[1]


def test_the_one_right_on_the_cluster_is_the_apis_own(rendered):
    (role,) = kinds_of(rendered("tokens"), "ClusterRole")
    (binding,) = kinds_of(rendered("tokens"), "ClusterRoleBinding")

    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [API_ACCOUNT]


def test_releases_of_two_namespaces_share_no_name_on_the_cluster(rendered):
    given = {"api": {"auth": {"kubernetes": {"enabled": True}}}}
    ours, others = (
        {one["metadata"]["name"] for one in kinds_of(objects, "ClusterRole", "ClusterRoleBinding")}
        for objects in (rendered("tokens"), chart.render(given, namespace="elsewhere"))
    )

    assert ours
    assert not ours & others


@pytest.mark.parametrize(
    ("name", "role"), [("viewer", Role.READ), ("submitter", Role.WRITE), ("admin", Role.ADMIN)]
)
def test_a_role_for_people_has_the_rights_that_the_api_asks_for(name, role, rendered):
    rules = rules_of(rendered("tokens"), "Role")[f"{FULLNAME}-{name}"]
    allowed = {
        right
        for right in ALL_RIGHTS
        for rule in rules
        if right.verb in rule["verbs"] and right.whole_resource in rule["resources"]
    }

    assert principal_of(User("jane"), allowed, namespace="demo").role is role


def test_nobody_is_bound_to_a_role_for_people(rendered):
    bound = {
        one["roleRef"]["name"]: one["subjects"]
        for one in kinds_of(rendered("tokens"), "RoleBinding")
    }

    assert bound[f"{FULLNAME}-api"] == [API_ACCOUNT]
    assert not {f"{FULLNAME}-{name}" for name in ("viewer", "submitter", "admin")} & bound.keys()


def test_the_api_has_a_token_and_knows_what_to_accept(rendered):
    pod = api_pod(rendered("tokens"))
    (container,) = pod["containers"]
    env = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}

    assert pod["automountServiceAccountToken"] is True
    assert env["ATF_API_KUBE_TOKENS"] == "true"
    assert env["ATF_API_KUBE_AUDIENCES"] == "one,two"
    assert env["ATF_API_KUBE_NAMESPACE"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}


@pytest.mark.parametrize("name", ["default", "everything", "external", "bare"])
def test_without_tokens_nothing_of_them_is_rendered(name, rendered):
    said = json.dumps([one for one in rendered(name) if one["kind"] != "CustomResourceDefinition"])

    for word in ("ClusterRole", "accessreviews", "tokenreviews", "-viewer", "_KUBE_TOKENS"):
        assert word not in said
