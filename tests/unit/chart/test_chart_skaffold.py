"""skaffold.yaml builds what is here, copies what its images hold, and gives the chart values that it takes."""

import copy
import json
import re
from typing import Any

import jsonschema_rs
import pytest
import yaml

from asynctaskflow_testkit import chart

ROOT = chart.CHART.parents[1]
CONFIG = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
ARTIFACTS = {one["image"]: one for one in CONFIG["build"]["artifacts"]}
PROFILES = {one["name"]: one for one in CONFIG["profiles"]}
SOURCES_IN_PODS = "/tmp/src"

TEXT = {"type": "string", "minLength": 1}
WORDS = {"type": "array", "items": TEXT, "minItems": 1}


def closed(required=(), **properties):
    """An object without other members."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def listed(item):
    return {"type": "array", "items": item, "minItems": 1}


IN_POD = listed(closed(["container"], container=closed(["command"], command=WORDS)))
ON_HOST = listed(closed(["host"], host=closed(["command"], command=WORDS)))
RULE = closed(
    ["src", "dest", "strip"],
    src=TEXT,
    dest={"const": SOURCES_IN_PODS},
    strip={"type": "string", "pattern": "/$"},
)
LOCAL = closed(push={"type": "boolean"}, useBuildkit={"type": "boolean"})
ARTIFACT = closed(
    ["image"],
    image={"type": "string", "pattern": "^asynctaskflow/[a-z]+$"},
    context=TEXT,
    docker=closed(["dockerfile"], dockerfile=TEXT),
    sync=closed(
        ["manual", "hooks"], manual=listed(RULE), hooks=closed(before=IN_POD, after=IN_POD)
    ),
)
VALUES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
RELEASE = closed(
    ["name", "chartPath", "namespace", "setValueTemplates"],
    name=TEXT,
    chartPath=TEXT,
    namespace=TEXT,
    createNamespace={"type": "boolean"},
    wait={"type": "boolean"},
    skipBuildDependencies={"type": "boolean"},
    setValues=VALUES,
    setValueTemplates={"type": "object", "additionalProperties": {"pattern": r"^\{\{\.\w+\}\}$"}},
    overrides={"type": "object"},
)
PATCH = closed(
    ["op", "path", "value"],
    op={"enum": ["add", "replace"]},
    path={"type": "string", "pattern": "^/"},
    value={},
)
PROFILE = closed(
    ["name"],
    name=TEXT,
    activation=listed(closed(command={"enum": ["dev", "run"]}, kubeContext=TEXT)),
    build=closed(local=LOCAL),
    patches=listed(PATCH),
)
FORWARD = closed(
    ["resourceType", "resourceName", "namespace", "port", "localPort"],
    resourceType={"const": "service"},
    resourceName=TEXT,
    namespace=TEXT,
    port={"type": "integer"},
    localPort={"type": "integer"},
)
SCHEMA = closed(
    ["apiVersion", "kind", "build", "deploy"],
    apiVersion={"const": "skaffold/v4beta13"},
    kind={"const": "Config"},
    metadata=closed(["name"], name=TEXT),
    build=closed(
        ["artifacts"],
        tagPolicy=closed(inputDigest={"type": "object", "maxProperties": 0}),
        local=LOCAL,
        artifacts=listed(ARTIFACT),
    ),
    deploy=closed(
        ["helm"],
        helm=closed(
            ["releases"], releases=listed(RELEASE), hooks=closed(before=ON_HOST, after=ON_HOST)
        ),
    ),
    portForward=listed(FORWARD),
    profiles=listed(PROFILE),
)


def with_profiles(*names):
    """The file as Skaffold reads it with these profiles: their patches, one after the other."""
    config = copy.deepcopy(CONFIG)
    for patch in (patch for name in names for patch in PROFILES[name]["patches"]):
        *way, last = patch["path"].strip("/").split("/")
        node = config
        for step in way:
            node = node[int(step)] if isinstance(node, list) else node[step]
        node[last] = copy.deepcopy(patch["value"])
    return config


def nested(dotted):
    """Values as ``helm --set`` reads their dotted names."""
    found: dict[str, Any] = {}
    for name, value in dotted.items():
        *way, last = name.split(".")
        node = found
        for step in way:
            node = node.setdefault(step, {})
        node[last] = value
    return found


def merged(below, above):
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {
        **below,
        **{key: merged(below.get(key, {}), value) for key, value in above.items()},
    }


def values_of(config):
    """What Helm is given, with every image of one tag."""
    (release,) = config["deploy"]["helm"]["releases"]
    images = {
        name: "0a1b" if name.endswith(".tag") else f"here/{name.split('.')[-3]}"
        for name in release["setValueTemplates"]
    }
    given = merged(release.get("overrides", {}), nested(release["setValues"]))
    return merged(given, nested(images))


def dockerfile_of(artifact):
    if "docker" in artifact:
        return ROOT / artifact["docker"]["dockerfile"]
    return ROOT / artifact["context"] / "Dockerfile"


def sources_in(dockerfile):
    """Members of the repository that an image is made from."""
    copied = re.findall(r"^COPY (?!--from|locks)(\S+) \S+$", dockerfile.read_text(), re.MULTILINE)
    return {name for name in copied if (ROOT / name / "pyproject.toml").exists()}


@pytest.mark.parametrize("profiles", [(), ("dev",), ("dev", "kind"), ("e2e",), ("kind", "e2e")])
def test_the_file_is_what_skaffold_reads(profiles):
    jsonschema_rs.validate(SCHEMA, with_profiles(*profiles))


def test_the_check_finds_a_misspelt_member():
    config = copy.deepcopy(CONFIG)
    config["build"]["artifacts"][0]["docker"]["dockerFile"] = "Dockerfile"

    with pytest.raises(jsonschema_rs.ValidationError, match="dockerFile"):
        jsonschema_rs.validate(SCHEMA, config)


def test_there_are_profiles_for_development_for_one_machine_and_for_a_trial():
    assert set(PROFILES) == {"dev", "kind", "e2e"}


@pytest.mark.parametrize("image", ARTIFACTS)
def test_each_image_has_a_dockerfile_and_all_that_it_copies(image):
    dockerfile = dockerfile_of(ARTIFACTS[image])
    context = ROOT / ARTIFACTS[image].get("context", ".")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
    absent = [name for names in copied for name in names.split() if not (context / name).exists()]

    assert absent == []


@pytest.mark.parametrize("image", [name for name, one in ARTIFACTS.items() if "sync" in one])
def test_all_sources_of_an_image_are_copied_into_its_pods(image):
    artifact = ARTIFACTS[image]
    rules = artifact["sync"]["manual"]

    assert {rule["strip"].removesuffix("/src/") for rule in rules} == (
        sources_in(dockerfile_of(artifact))
    )
    assert all(rule["src"].startswith(rule["strip"]) for rule in rules)
    assert all(next(ROOT.glob(rule["src"]), None) for rule in rules)


def test_all_scripts_that_run_in_redis_are_copied_too():
    scripts = {path.suffix for path in ROOT.glob("core/src/**/*") if path.is_file()}
    copied = {rule["src"].rpartition("*")[2] for rule in _operator_rules()}

    assert scripts & {".py", ".lua"} == copied


def _operator_rules():
    return ARTIFACTS["asynctaskflow/operator"]["sync"]["manual"]


def test_pods_look_for_modules_where_sources_are_copied_to():
    given = values_of(with_profiles("dev"))
    places = [
        *(one["value"] for part in ("operator", "api") for one in given[part]["extraEnv"]),
        *(one["spec"]["env"]["PYTHONPATH"] for one in given["functions"].values()),
    ]

    assert places == [SOURCES_IN_PODS] * 4


def test_every_image_reaches_the_chart():
    (release,) = CONFIG["deploy"]["helm"]["releases"]
    templates = set(release["setValueTemplates"].values())
    wanted = {
        f"{{{{.IMAGE_{part}_{image.replace('/', '_')}}}}}"
        for image in ARTIFACTS
        for part in ("REPO", "TAG")
    }

    assert templates == wanted


def test_the_release_is_of_the_chart_and_its_service_is_forwarded():
    (release,) = CONFIG["deploy"]["helm"]["releases"]
    (forward,) = CONFIG["portForward"]

    assert ROOT / release["chartPath"] == chart.CHART
    assert forward["resourceName"] == f"{release['name']}-{chart.CHART.name}-api"
    assert forward["namespace"] == release["namespace"]


@pytest.mark.needs("helm")
@pytest.mark.parametrize("profiles", [(), ("dev",), ("dev", "kind"), ("e2e",)])
def test_the_chart_takes_the_values_and_every_pod_the_images(profiles):
    objects = chart.render(values_of(with_profiles(*profiles)))
    text = json.dumps(objects)

    assert set(re.findall(r'image"?: "?([\w/:]+)', text)) == {
        f"here/{name}:0a1b" for name in ("operator", "api", "summarize", "pdfxtract", "embedded")
    }
