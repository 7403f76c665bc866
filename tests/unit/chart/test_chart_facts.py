"""What the chart adds so that the API can read the cluster's facts, and that it adds nothing where that is off."""

import json

import pytest

from asynctaskflow_testkit import chart

API = "atf-asynctaskflow-api"
ROLE = f"{API}-facts"

pytestmark = pytest.mark.needs("helm")


def one_of(objects, kind, name):
    (found,) = (one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def api_pod(objects):
    return one_of(objects, "Deployment", API)["spec"]["template"]["spec"]


def test_by_default_the_api_may_read_four_kinds_here_and_nothing_else(rendered):
    rules = one_of(rendered("default"), "Role", ROLE)["rules"]
    binding = one_of(rendered("default"), "RoleBinding", ROLE)
    bound = [
        one["roleRef"]["name"]
        for one in rendered("default")
        if one["kind"].endswith("Binding") and API in [its["name"] for its in one["subjects"]]
    ]

    assert {(resource, *rule["verbs"]) for rule in rules for resource in rule["resources"]} == {
        ("functions", "get"),
        ("deployments", "get"),
        ("pods", "list"),
        ("events", "list"),
    }
    assert (bound, binding["roleRef"]["kind"]) == ([ROLE], "Role")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": API, "namespace": "demo"}]


def test_the_api_is_told_to_read_its_own_namespace(rendered):
    pod = api_pod(rendered("default"))
    env = {one["name"]: one for one in pod["containers"][0]["env"]}

    assert pod["automountServiceAccountToken"] is True
    assert env["ATF_API_KUBE_FACTS"]["value"] == "true"
    assert env["ATF_API_KUBE_NAMESPACE"]["valueFrom"] == {
        "fieldRef": {"fieldPath": "metadata.namespace"}
    }


def test_turned_off_the_api_has_no_right_no_token_and_no_setting(rendered):
    shown = [one for one in rendered("bare") if one["kind"] != "CustomResourceDefinition"]

    assert api_pod(shown)["automountServiceAccountToken"] is False
    assert "_KUBE_" not in json.dumps(shown)
    assert not [
        one
        for one in shown
        if one["kind"] in {"Role", "RoleBinding"} and API in one["metadata"]["name"]
    ]


def test_with_tokens_alone_no_fact_may_be_read():
    given = {"auth": {"kubernetes": {"enabled": True}}, "clusterFacts": {"enabled": False}}
    shown = chart.render({"api": given})

    assert "ATF_API_KUBE_FACTS" not in json.dumps(shown)
    assert "ATF_API_KUBE_NAMESPACE" in json.dumps(shown)
    assert ROLE not in [one["metadata"]["name"] for one in shown]


def test_a_name_is_set_once_where_tokens_are_checked_too(rendered):
    names = [one["name"] for one in api_pod(rendered("tokens"))["containers"][0]["env"]]

    assert len(names) == len(set(names))
