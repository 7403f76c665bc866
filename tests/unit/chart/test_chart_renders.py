"""What the chart makes of values, and which values it refuses."""

import json
import re

import pytest
import yaml

from asynctaskflow.model.dependency import DependencyManifest
from asynctaskflow.model.function import FunctionManifest
from asynctaskflow_testkit import chart

ROOT = chart.CHART.parents[1]
MANIFESTS = [
    *sorted(ROOT.glob("functions/*/function.yaml")),
    ROOT / "openrouter" / "dependency.yaml",
]

pytestmark = pytest.mark.needs("helm")


def named(objects, kind, name):
    (found,) = (one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)
    return found


def applied(objects):
    """What the hook applies: kind and name -> manifest."""
    data = named(objects, "ConfigMap", "atf-asynctaskflow-manifests")["data"] or {}
    found = [yaml.safe_load(text) for text in data.values()]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def container(objects, kind, name):
    (only,) = named(objects, kind, name)["spec"]["template"]["spec"]["containers"]
    return only


def test_lint_finds_nothing():
    assert "0 chart(s) failed" in chart.helm("lint", "--strict", str(chart.CHART))


def test_every_object_is_named_once(objects):
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in objects]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_shipped_defaults_are_the_manifests_of_the_repository(path, rendered):
    manifest = yaml.safe_load(path.read_text())
    found = applied(rendered("default"))[manifest["kind"], manifest["metadata"]["name"]]
    found["spec"].pop("runtime", None)

    assert found["spec"] == manifest["spec"]


def test_all_that_the_hook_applies_is_valid(objects):
    for (kind, _), manifest in applied(objects).items():
        if kind == "Function":
            FunctionManifest.model_validate(manifest)
        else:
            DependencyManifest.model_validate(manifest)


def test_functions_that_call_a_model_get_its_secret(rendered):
    runtime = applied(rendered("external"))["Function", "summarize"]["spec"]["runtime"]

    assert runtime["secrets"] == ["openrouter-of-ours"]


def test_workers_get_credentials_of_the_blob_store(rendered):
    runtime = applied(rendered("everything"))["Function", "summarize"]["spec"]["runtime"]

    assert runtime["secrets"] == ["atf-asynctaskflow-openrouter", "bucket"]


def test_a_disabled_function_is_not_applied(rendered):
    assert ("Function", "pdfxtract") not in applied(rendered("external"))


def test_images_come_from_the_registry_of_the_values(rendered):
    spec = applied(rendered("everything"))["Function", "summarize"]["spec"]
    own = container(rendered("everything"), "Deployment", "atf-asynctaskflow-api")

    assert spec["image"] == "registry.example:5000/team/asynctaskflow/summarize:0.1.0"
    assert own["image"] == "registry.example:5000/team/asynctaskflow/api:0.1.0"


def test_a_digest_wins_over_a_tag(digest):
    image = {"tag": "1", "digest": digest}
    objects = chart.render({"api": {"image": image}, "functions": {"summarize": {"image": image}}})

    assert container(objects, "Deployment", "atf-asynctaskflow-api")["image"] == (
        f"asynctaskflow/api@{digest}"
    )
    assert applied(objects)["Function", "summarize"]["spec"]["image"] == (
        f"asynctaskflow/summarize@{digest}"
    )


def test_an_image_in_the_spec_of_a_function_is_taken_as_it_is():
    given = {
        "functions": {"count": {"enabled": True, "spec": {"image": "x/y:2", "handler": "a:b"}}}
    }

    assert applied(chart.render(given))["Function", "count"]["spec"]["image"] == "x/y:2"


def test_sizes_and_counts_are_written_as_whole_numbers(rendered):
    data = named(rendered("default"), "ConfigMap", "atf-asynctaskflow-manifests")["data"]
    environment = [
        one.get("value", "")
        for kind_of in rendered("default")
        if kind_of["kind"] == "Deployment"
        for one in kind_of["spec"]["template"]["spec"]["containers"][0]["env"]
    ]

    assert "inputMaxBytes: 8388608" in data["function-summarize.yaml"]
    assert not [value for value in environment if re.search(r"\de\+", value)]


def test_a_policy_of_writes_reaches_the_operator():
    objects = chart.render({"operator": {"writesPerSecond": 1000, "taskResourcesMax": 10_000}})
    env = container(objects, "Deployment", "atf-asynctaskflow-operator")["env"]
    values = {one["name"]: one.get("value") for one in env}

    assert values["ATF_OPERATOR_WRITES_PER_S"] == "1000"
    assert values["ATF_OPERATOR_TASK_RESOURCES_MAX"] == "10000"


def test_tasks_are_never_evicted_and_are_logged_within_a_second(rendered):
    text = named(rendered("everything"), "ConfigMap", "atf-asynctaskflow-redis")["data"]
    lines = text["valkey.conf"].splitlines()

    assert {
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        "maxmemory 768mb",
    } <= set(lines)


def test_images_for_the_chart_directory_are_those_of_the_chart(rendered):
    listed = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())["annotations"]
    images = {one["image"] for one in yaml.safe_load(listed["artifacthub.io/images"])}

    assert images == set(re.findall(r"asynctaskflow/\w+:[\w.]+", json.dumps(rendered("default"))))


def test_an_external_redis_brings_no_server(rendered):
    kinds = {one["kind"] for one in rendered("external")}

    assert "StatefulSet" not in kinds


def test_strict_durability_is_refused_with_the_embedded_server():
    with pytest.raises(chart.CannotRender, match="needs a Redis with a replica"):
        chart.render({"api": {"durability": "strict"}})


def test_no_redis_at_all_is_refused():
    with pytest.raises(chart.CannotRender, match=r"redis\.existingSecret"):
        chart.render({"redis": {"embedded": {"enabled": False}}})


def test_event_streams_pass_ingress_nginx(rendered):
    ingress = named(rendered("everything"), "Ingress", "atf-asynctaskflow-api")
    annotations = ingress["metadata"]["annotations"]

    assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"operatr": {}}, "operatr"),
        ({"api": {"replcas": 3}}, "replcas"),
        ({"api": {"auth": {"keys": ["admin:admin:plain-text-key"]}}}, "/api/auth/keys/0"),
        ({"api": {"auth": {"kubernetes": {"audience": ["a"]}}}}, "audience"),
        (
            {"api": {"auth": {"kubernetes": {"audiences": ["a,b"]}}}},
            "/api/auth/kubernetes/audiences/0",
        ),
        ({"redis": {"embedded": {"storage": {"whenDeleted": "Maybe"}}}}, "whenDeleted"),
        ({"operator": {"image": {"digest": "latest"}}}, "/operator/image/digest"),
        ({"functions": {"summarize": {"spec": {"scaling": {"maxReplica": 3}}}}}, "maxReplica"),
        ({"functions": {"summarize": {"spec": {"timeouts": {"leaseSeconds": 0}}}}}, "leaseSeconds"),
        ({"functions": {"Summarize": {"enabled": True, "spec": {"handler": "a:b"}}}}, "Summarize"),
        ({"functions": {"count": {"enabled": True, "spec": {"image": "x"}}}}, "handler"),
        ({"dependencies": {"openrouter": {"spec": {"breakr": {}}}}}, "breakr"),
        ({"networkPolicy": {"apiFrom": [{"ipblock": {}}]}}, "ipblock"),
    ],
)
def test_a_typo_is_refused_by_its_name(given, told):
    with pytest.raises(chart.CannotRender, match=told):
        chart.render(given)


def test_environment_and_schemas_of_a_function_are_free():
    spec = {
        "env": {"ANY_NAME": "any value"},
        "inputSchema": {"type": "object", "anything": [1]},
        "outputSchema": {"$defs": {"A": {}}},
    }
    found = applied(chart.render({"functions": {"summarize": {"spec": spec}}}))

    assert spec.items() <= found["Function", "summarize"]["spec"].items()


def test_values_of_functions_are_checked_as_the_models_say():
    """``python -m asynctaskflow_testkit.chart`` writes them anew."""
    definitions = json.loads(chart.SCHEMA.read_text())["definitions"]

    assert {name: one for name, one in definitions.items() if name[0].isupper()} == (
        chart.spec_definitions()
    )


def test_schema_closes_every_object_of_ours():
    schema = json.loads(chart.SCHEMA.read_text())

    def open_ones(node, path):
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                yield path
            for key, below in node.items():
                yield from open_ones(below, f"{path}/{key}")

    assert list(open_ones(schema, "")) == []


def test_every_value_has_a_comment():
    lines = (chart.CHART / "values.yaml").read_text().splitlines()
    shipped = range(lines.index("functions:"), lines.index("networkPolicy:"))
    silent = [
        line
        for number, line in enumerate(lines)
        if re.match(r" {0,4}\w+: \S", line)
        and number not in shipped
        and not _is_spoken_of(lines, number)
    ]

    assert silent == []


def _is_spoken_of(lines, number):
    """By a comment above it or above values beside it, or above the part that it belongs to."""
    for above in reversed(range(number)):
        if _depth(lines[above]) < _depth(lines[number]):
            return lines[above - 1].lstrip().startswith("#")
        if _depth(lines[above]) == _depth(lines[number]) and "# --" in lines[above]:
            return True
    return False


def _depth(line):
    return len(line) - len(line.lstrip())


def test_notes_show_the_way_to_the_first_result():
    said = chart.notes()

    assert "kubectl get atf -n demo" in said
    assert "kubectl get secret -n demo atf-asynctaskflow-api-key" in said
    assert "kubectl port-forward -n demo service/atf-asynctaskflow-api 8000:80" in said
    assert 'curl -s "$URL/api/v1/functions/summarize/tasks?wait=30"' in said
    assert "offline provider" in said


def test_notes_call_no_function_that_is_not_there(rendered):
    said = chart.notes({"functions": {"summarize": {"enabled": False}}})

    assert "summarize" not in said
    assert 'curl -s "$URL/api/v1/functions"' in said


def test_notes_name_no_secret_that_nobody_made():
    said = chart.notes({"api": {"auth": {"existingSecret": "keys-of-ours"}}})

    assert "kubectl get secret" not in said
