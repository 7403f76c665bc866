"""The custom resources say what the models say: the same fields, types, bounds, defaults and words.

A definition may be stricter where a model sets no bound: etcd needs one everywhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow.model.function import FunctionSpec, Spec
from asynctaskflow.model.task import TaskState
from asynctaskflow.model.task_manifest import TaskSpec
from asynctaskflow.resilience.breaker import Override
from asynctaskflow.scaling.decision import Limit
from asynctaskflow_testkit.crds import FOLDER, crds, schema_of

CRDS = crds()
MODELS: dict[str, type[Spec]] = {
    "Function": FunctionSpec,
    "Dependency": DependencySpec,
    "Task": TaskSpec,
}
BOUNDS = ("minLength", "maxLength", "minItems", "maxItems", "maxProperties", "minimum", "maximum")
FREE_FORM = "x-kubernetes-preserve-unknown-fields"
# The published schema of metadata is the API server's own; it allows no words of ours.
UNDESCRIBED = {"metadata"}

Schema = dict[str, Any]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema below and including this one, by dotted path; ``[]`` is an item, ``{}`` a map's value."""
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from nodes(below, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def modelled(kind: str) -> dict[str, Schema]:
    """The model's JSON schema by path, references followed and the choice of null left out."""
    whole = MODELS[kind].model_json_schema(by_alias=True)
    return dict(nodes(_plain(whole, whole.get("$defs", {}))))


def defined(kind: str) -> dict[str, Schema]:
    """The definition's schema of ``spec`` by path."""
    return dict(nodes(schema_of(CRDS[kind])["properties"]["spec"]))


def _plain(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    own = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
    for choice in schema.get("anyOf", [schema] if "$ref" in schema else []):
        if "$ref" in choice:
            own = {**definitions[choice["$ref"].rpartition("/")[2]], **own}
        elif choice.get("type") != "null":
            own = {**choice, **own}
    for key in ("items", "additionalProperties"):
        if isinstance(own.get(key), dict):
            own[key] = _plain(own[key], definitions)
    below = own.get("properties", {})
    return {**own, "properties": {name: _plain(one, definitions) for name, one in below.items()}}


def completed(schema: Schema, value: Any) -> Any:
    """A value with the defaults that the API server would add."""
    if not isinstance(value, dict):
        return value
    below = schema.get("properties", {})
    given = {
        **{name: one["default"] for name, one in below.items() if "default" in one},
        **value,
    }
    return {name: completed(below.get(name, {}), one) for name, one in given.items()}


def bounds(schema: Schema) -> dict[str, Any]:
    """Its bounds in the spelling of OpenAPI 3.0."""
    found = {name: schema[name] for name in BOUNDS if name in schema}
    if (least := schema.get("exclusiveMinimum")) is not None:
        found.update(exclusiveMinimum=True)
        found.setdefault("minimum", least)
    return found


def anchored(pattern: str) -> str:
    """The pattern as it must match the whole text."""
    return pattern if pattern.startswith("^") else f"^{pattern}$"


FIELDS = [(kind, path) for kind in MODELS for path in modelled(kind) if path]
fields = pytest.mark.parametrize(("kind", "path"), FIELDS, ids=[f"{k}.{p}" for k, p in FIELDS])


@pytest.mark.parametrize("kind", MODELS)
def test_the_fields_are_the_same(kind):
    assert sorted(defined(kind)) == sorted(modelled(kind))


@fields
def test_a_field_has_the_type_of_the_model(kind, path):
    model, crd = modelled(kind)[path], defined(kind)[path]

    for fact in ("type", "enum", "format"):
        assert crd.get(fact) == model.get(fact), fact
    assert set(crd.get("required", [])) == set(model.get("required", []))


@fields
def test_a_field_has_the_bounds_of_the_model(kind, path):
    model, crd = modelled(kind)[path], defined(kind)[path]

    assert bounds(crd).items() >= bounds(model).items()
    if "pattern" in model:
        assert crd.get("pattern") == anchored(model["pattern"])


@fields
def test_a_field_has_the_words_of_the_model(kind, path):
    model, crd = modelled(kind)[path], defined(kind)[path]

    assert crd["description"]
    assert crd["description"] == model.get("description", crd["description"])


@pytest.mark.parametrize("kind", MODELS)
def test_every_field_of_a_model_is_described(kind):
    nameless = [
        path
        for path, schema in modelled(kind).items()
        if path and not path.endswith(("[]", "{}")) and not schema.get("description")
    ]

    assert nameless == []


@pytest.mark.parametrize("kind", MODELS)
def test_the_defaults_are_the_same(kind):
    """Of every part, whole: also where a part's default differs from its fields' defaults."""
    required = {"Function": {"handler": "a:b"}, "Task": {"function": "a", "input": {}}}
    spec = required.get(kind, {})
    model = MODELS[kind].model_validate(spec).model_dump(mode="json", by_alias=True)

    defaults = completed(defined(kind)[""], spec)

    assert defaults == {name: value for name, value in model.items() if value is not None}


@pytest.mark.parametrize("kind", CRDS)
def test_every_part_is_described(kind):
    bare = [
        path
        for path, schema in nodes(schema_of(CRDS[kind]))
        if path not in UNDESCRIBED and not schema.get("description")
    ]

    assert bare == []


@pytest.mark.parametrize("kind", CRDS)
def test_everything_is_bounded(kind):
    needed = {
        "string": {"maxLength"},
        "array": {"maxItems"},
        "integer": {"minimum", "maximum"},
        "number": {"minimum", "maximum"},
    }
    boundless = [
        path
        for path, schema in nodes(schema_of(CRDS[kind]))
        if "enum" not in schema and not needed.get(schema.get("type", ""), set()) <= schema.keys()
    ]
    open_maps = [
        path
        for path, schema in nodes(schema_of(CRDS[kind]))
        if schema.get("type") == "object"
        and ("additionalProperties" in schema or FREE_FORM in schema)
        and "maxProperties" not in schema
    ]

    assert boundless == open_maps == []


def test_few_places_are_free_of_form():
    free = {
        f"{kind}.{path}"
        for kind, crd in CRDS.items()
        for path, schema in nodes(schema_of(crd))
        if FREE_FORM in schema
    }

    assert free == {
        "Task.spec.input",
        "Task.status.result",
        "Function.spec.inputSchema",
        "Function.spec.outputSchema",
        "Function.status.scaling.last.inputs",
    }


@pytest.mark.parametrize(
    ("kind", "path", "names"),
    [
        ("Task", "state", TaskState),
        ("Function", "scaling.last.limitedBy", Limit),
        ("Function", "scaling.history[].limitedBy", Limit),
        ("Dependency", "override", Override),
    ],
)
def test_a_status_knows_every_name_of_the_code(kind, path, names):
    status = dict(nodes(schema_of(CRDS[kind])["properties"]["status"]))

    assert status[path]["enum"] == [str(name) for name in names]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_chart_installs_and_keeps_it_only_if_told_to(path):
    text = path.read_text()

    assert text.startswith("{{- if .Values.crds.install }}\n")
    assert text.endswith("\n{{- end }}\n")
    assert (
        "  {{- if .Values.crds.keep }}\n"
        "  annotations:\n"
        "    helm.sh/resource-policy: keep\n"
        "  {{- end }}\n"
    ) in text
    assert text.count("{{") == 4
