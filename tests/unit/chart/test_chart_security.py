"""What pods of the chart may do: the standard ``restricted`` of Pod Security, rights, networks and secrets."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_operator.manifests.worker import Installation, Owner, deployment
from asynctaskflow_testkit import chart

GOLDEN = chart.CHART.parents[1] / "tests" / "unit" / "chart" / "golden" / "rbac.yaml"
PART_OF = {"app.kubernetes.io/part-of": "asynctaskflow"}
# facts that nobody of this project may do, whatever the reason; secrets see below.
FORBIDDEN_RESOURCES = {
    *("pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"),
    *("serviceaccounts/token", "nodes", "nodes/proxy", "namespaces"),
    *("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
    *("validatingwebhookconfigurations", "mutatingwebhookconfigurations"),
}
FORBIDDEN_VERBS = {"*", "bind", "escalate", "impersonate", "deletecollection"}
ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected"}

BLIND = {"api": {"clusterFacts": {"enabled": False}}}

pytestmark = pytest.mark.needs("helm")


@pytest.fixture
def blind_tokens() -> list[chart.Manifest]:
    """Of a release that checks tokens and reads no facts."""
    return chart.render({"api": {**BLIND["api"], "auth": {"kubernetes": {"enabled": True}}}})


def pods(objects) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Name, labels and spec of every pod that objects lead to."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["metadata"]["labels"], one["spec"]
        elif "template" in one.get("spec", {}):
            template = one["spec"]["template"]
            yield one["metadata"]["name"], template["metadata"]["labels"], template["spec"]


def a_workers_pod() -> tuple[str, dict[str, str], dict[str, Any]]:
    """As the operator makes it."""
    made = deployment(
        Owner("summarize", "a-uid"),
        FunctionSpec(image="summarize:1", handler="a:b"),
        installation=Installation("demo", "redis", "url"),
        replicas=1,
    )
    return next(pods([made]))


def kinds_of(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def faults(pod: dict[str, Any]) -> list[str]:
    """Rules of ``restricted`` that a pod breaks, and of ours: a read-only root, one user, limits."""
    security = pod.get("securityContext", {})
    found = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    sorts = [sort for one in pod.get("volumes", ()) for sort in one if sort != "name"]
    found += [f"volume {sort}" for sort in sorts if sort not in ALLOWED_VOLUMES]
    if security.get("runAsNonRoot") is not True or security.get("runAsUser") != 65_532:
        found.append("user")
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("seccompProfile")
    for one in [*pod["containers"], *pod.get("initContainers", ())]:
        found += _container_faults(one)
    return found


def _container_faults(container: dict[str, Any]) -> list[str]:
    security = container.get("securityContext", {})
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    found = [key for key, value in wanted.items() if security.get(key) != value]
    found += sorted(security.keys() - wanted.keys())
    resources = container.get("resources", {})
    if not resources.get("requests", {}).keys() >= {"cpu", "memory"}:
        found.append("requests")
    if "memory" not in resources.get("limits", {}):
        found.append("limits")
    found += [f"hostPort {port}" for port in container.get("ports", ()) if "hostPort" in port]
    return [f"{container['name']}: {fault}" for fault in found]


def test_every_pod_keeps_to_the_restricted_standard(objects):
    found = {name: faults(pod) for name, _, pod in [*pods(objects), a_workers_pod()]}

    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, "volume hostPath"),
        ({"securityContext": {"runAsUser": 0}}, "user"),
    ],
)
def test_the_check_of_pods_finds_what_is_wrong(change, fault):
    _, _, pod = a_workers_pod()

    assert fault in faults(pod | change)


@pytest.mark.parametrize("name", ["default", "everything", "external", "bare"])
def test_only_who_calls_the_api_server_gets_a_token(name, rendered):
    assert with_token(rendered(name)) <= {"operator", "api", "secret", "apply", "remove"}


def test_the_api_gets_one_where_it_reads_facts_or_checks_those_of_others(rendered, blind_tokens):
    assert "api" in with_token(rendered("default"))
    assert "api" in with_token(blind_tokens)
    assert "api" not in with_token(rendered("bare"))


def with_token(objects) -> set[str]:
    found = {name for name, _, pod in pods(objects) if _has_token(objects, pod)}
    return {name.removeprefix("atf-asynctaskflow-") for name in found}


def _has_token(objects, pod) -> bool:
    if "automountServiceAccountToken" in pod:
        return bool(pod["automountServiceAccountToken"])
    accounts = {one["metadata"]["name"]: one for one in kinds_of(objects, "ServiceAccount")}
    account = accounts.get(pod.get("serviceAccountName", ""), {})
    return bool(account.get("automountServiceAccountToken", True))


def test_rights_are_those_of_the_golden_file(rendered):
    """A change of rights is read as a change of this file."""
    found = {one["metadata"]["name"]: one["rules"] for one in kinds_of(rendered("default"), "Role")}

    assert found == yaml.safe_load(GOLDEN.read_text())


@pytest.mark.parametrize("name", ["default", "everything", "external", "bare"])
def test_rights_are_in_this_namespace_only(name, rendered):
    assert kinds_of(rendered(name), "ClusterRole", "ClusterRoleBinding") == []


def test_nobody_may_take_rights_or_run_commands_in_pods(objects):
    rules = [rule for role in kinds_of(objects, "Role") for rule in role["rules"]]

    assert rules
    for rule in rules:
        assert not FORBIDDEN_RESOURCES & set(rule["resources"])
        assert not FORBIDDEN_VERBS & set(rule["verbs"])
        assert "*" not in rule["resources"] + rule["apiGroups"]


def test_nobody_may_read_secrets_and_nobody_makes_pods(objects):
    """The hook before the installation makes Secrets, and cannot see one; the last one deletes its own."""
    for role in kinds_of(objects, "Role"):
        for rule in role["rules"]:
            if "secrets" in rule["resources"]:
                assert rule["verbs"] == ["create"] or (
                    rule["verbs"] == ["delete"] and rule["resourceNames"]
                )
            if "pods" in rule["resources"]:
                assert set(rule["verbs"]) <= {"get", "list", "watch", "patch"}


def test_the_operator_has_no_right_on_secrets(rendered):
    (role,) = (
        one
        for one in kinds_of(rendered("default"), "Role")
        if one["metadata"]["name"].endswith("-operator")
    )

    assert not [rule for rule in role["rules"] if "secrets" in rule["resources"]]


def test_rights_of_a_hook_go_when_it_is_done(objects):
    for one in kinds_of(objects, "Job"):
        account = one["spec"]["template"]["spec"]["serviceAccountName"]
        its = [
            other
            for other in kinds_of(objects, "ServiceAccount", "Role", "RoleBinding")
            if other["metadata"]["name"] == account
        ]
        hooks = {other["metadata"]["annotations"]["helm.sh/hook"] for other in [one, *its]}

        assert [other["kind"] for other in its] == ["ServiceAccount", "Role", "RoleBinding"]
        assert len(hooks) == 1
        for other in [one, *its]:
            policy = other["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
            assert policy == "before-hook-creation,hook-succeeded"
        for other in its:
            assert int(other["metadata"]["annotations"]["helm.sh/hook-weight"]) < 0


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector takes an object with these labels."""
    plain = selector.get("matchLabels", {}).items() <= labels.items()
    return plain and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ())
    )


@pytest.mark.parametrize("name", ["default", "everything", "external"])
def test_every_pod_is_denied_everything_at_first(name, rendered):
    policies = kinds_of(rendered(name), "NetworkPolicy")
    (deny,) = (one for one in policies if one["metadata"]["name"].endswith("-deny"))

    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not deny["spec"].keys() & {"ingress", "egress"}
    for _, labels, _ in [*pods(rendered(name)), a_workers_pod()]:
        assert selects(deny["spec"]["podSelector"], labels)


def allowed(objects, labels, direction) -> list[dict[str, Any]]:
    """The rules of all policies that select a pod."""
    return [
        rule
        for one in kinds_of(objects, "NetworkPolicy")
        if selects(one["spec"]["podSelector"], labels)
        for rule in one["spec"].get(direction, ())
    ]


def labels_of(component: str) -> dict[str, str]:
    own = {"app.kubernetes.io/component": component}
    return PART_OF | own | ({} if component == "worker" else {"app.kubernetes.io/instance": "atf"})


def reaches(objects, component: str, other: str, port: int) -> bool:
    """Whether one side may connect and the other may accept."""
    out, into = labels_of(component), labels_of(other)
    leaves = [_matches(rule, "to", into, port) for rule in allowed(objects, out, "egress")]
    enters = [_matches(rule, "from", out, port) for rule in allowed(objects, into, "ingress")]
    return any(leaves) and any(enters)


def _matches(rule, side, labels, port) -> bool:
    peers = rule.get(side) or [{"podSelector": {}}]
    own = [one["podSelector"] for one in peers if one.keys() == {"podSelector"}]
    return port in [one["port"] for one in rule["ports"]] and any(
        selects(selector, labels) for selector in own
    )


@pytest.mark.parametrize("name", ["default", "everything"])
@pytest.mark.parametrize("component", ["api", "operator", "worker"])
def test_redis_is_reached_by_what_works_with_it(name, component, rendered):
    assert reaches(rendered(name), component, "redis", 6379)


@pytest.mark.parametrize("name", ["default", "everything"])
@pytest.mark.parametrize("component", ["hook", "test"])
def test_redis_is_reached_by_nothing_else(name, component, rendered):
    assert not reaches(rendered(name), component, "redis", 6379)


@pytest.mark.parametrize("name", ["default", "everything"])
def test_the_test_of_the_chart_reaches_the_api(name, rendered):
    assert reaches(rendered(name), "test", "api", 8000)


@pytest.mark.parametrize("component", ["worker", "redis", "test"])
@pytest.mark.parametrize("name", ["default", "tokens"])
def test_the_api_server_is_not_reached_by_what_has_no_business_there(name, component, rendered):
    assert 6443 not in ports_to(rendered(name), component)


def test_the_api_server_is_reached_by_the_api_where_it_reads_facts_or_checks_tokens(
    rendered, blind_tokens
):
    assert 6443 in ports_to(rendered("default"), "api")
    assert 6443 in ports_to(blind_tokens, "api")
    assert 6443 not in ports_to(chart.render(BLIND), "api")


def ports_to(objects, component: str) -> list[int]:
    rules = allowed(objects, labels_of(component), "egress")
    return [port["port"] for rule in rules for port in rule.get("ports", ())]


def test_workers_reach_public_addresses_only(rendered):
    blocks = [
        peer["ipBlock"]
        for rule in allowed(rendered("default"), labels_of("worker"), "egress")
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]

    assert {"169.254.0.0/16", "10.0.0.0/8"} <= set(blocks[0]["except"])
    assert {"fc00::/7", "fe80::/10"} <= set(blocks[1]["except"])


def test_a_redis_outside_may_be_narrowed_to_its_address():
    to = [{"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 6380}]}]
    given = {
        "redis": {"embedded": {"enabled": False}, "existingSecret": "a"},
        "networkPolicy": {"redisEgress": to},
    }
    found = allowed(chart.render(given), labels_of("operator"), "egress")

    assert to[0] in found
    assert 6379 not in [port["port"] for rule in found for port in rule["ports"]]


def test_a_secret_value_stands_in_a_secret_only(rendered):
    shown = [one for one in rendered("everything") if one["kind"] != "Secret"]

    assert "or-canary" not in json.dumps(shown)
    assert "or-canary" not in chart.notes({"openrouter": {"apiKey": "or-canary"}})


def test_a_key_of_the_values_gives_its_digest_to_the_api(rendered):
    (secret,) = (
        one
        for one in kinds_of(rendered("everything"), "Secret")
        if one["metadata"]["name"].endswith("-api-keys")
    )

    assert secret["stringData"] == {"keys": "shop:write:" + "ab" * 32}


def test_templates_make_no_random_value(rendered):
    """A rendering that differs from the last one would change a password at each upgrade."""
    again = chart.render()

    assert json.dumps(again) == json.dumps(list(rendered("default")))


def test_no_secret_is_made_where_all_are_given(rendered):
    jobs = {one["metadata"]["name"] for one in kinds_of(rendered("external"), "Job")}
    removal = json.dumps(kinds_of(rendered("external"), "Job", "Role"))

    assert "atf-asynctaskflow-secret" not in jobs
    assert '"secrets"' not in removal
    assert "--secret" not in removal


def test_secrets_are_kept_where_that_is_wished(rendered):
    (args,) = (
        one["spec"]["template"]["spec"]["containers"][0]["args"]
        for one in kinds_of(rendered("bare"), "Job")
        if one["metadata"]["name"].endswith("-remove")
    )

    assert not [one for one in args if one.startswith("--secret")]


def test_no_value_is_hidden_in_base64(objects):
    for one in kinds_of(objects, "Secret"):
        for value in one.get("data", {}).values():
            assert base64.b64decode(value) == b""
