"""What the check of inputs says of wrong ones, and that no schema makes it slow, recursive or reach out."""

import pytest

from asynctaskflow_api.input_check import InputCheck
from asynctaskflow_api.problems import Unprocessable
from asynctaskflow_api.schema_cost import MOST_COST, UnfitSchema, cost

DEPTH = 32
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"anyOf": [{"type": "integer", "maximum": 150}, {"type": "null"}]},
        "size": {"enum": ["s", "m"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def refused(schema, value, **options):
    with pytest.raises(Unprocessable) as caught:
        InputCheck.of(schema, max_depth=DEPTH).refuse(value, size_bytes=100, **options)
    return {one["pointer"]: one["detail"] for one in caught.value.extra["errors"]}


FAULTS: dict[str, tuple[object, dict[str, str]]] = {
    "type": ({"name": 5}, {"body.name": "expected string"}),
    "missing": ({}, {"body.name": "is required"}),
    "unknown": ({"name": "ab", "x": 1}, {"body.x": "is not a field of this input"}),
    "enum": ({"name": "ab", "size": "xl"}, {"body.size": 'is not one of "s" or "m"'}),
    "whole": ([], {"body": "expected object"}),
    "item": ({"name": "ab", "tags": ["a", 1]}, {"body.tags.1": "expected string"}),
    "meant": ({"name": "ab", "age": 200}, {"body.age": "is greater than the maximum of 150"}),
    "no_type": ({"name": "ab", "age": "x"}, {"body.age": "expected integer; or expected null"}),
    "two": (
        {"name": "a", "size": 1},
        {"body.name": "is shorter than 2 characters", "body.size": 'is not one of "s" or "m"'},
    ),
}


@pytest.mark.parametrize(("value", "told"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_field_is_named_with_what_was_expected(value, told):
    assert refused(PERSON, value) == told


def test_a_right_input_passes():
    InputCheck.of(PERSON, max_depth=DEPTH).refuse(
        {"name": "ab", "age": None, "tags": []}, size_bytes=100
    )


def test_values_are_not_repeated_in_answers():
    assert "secret" not in str(refused(PERSON, {"name": ["secret"], "size": "secret"}))


def test_the_place_in_the_body_and_the_callers_own_word_for_a_field_are_used():
    assert set(refused(PERSON, {}, at=(3,))) == {"body.3.name"}
    assert set(refused(PERSON, {"name": 1}, names={"name": "content"})) == {"body.content"}


@pytest.mark.parametrize("schema", [{}, {"type": "nonsense"}], ids=["absent", "broken"])
def test_without_a_usable_schema_everything_passes_and_the_reason_is_kept(schema):
    check = InputCheck.of(schema, max_depth=DEPTH)

    check.refuse(object, size_bytes=100)

    assert check.unchecked


def doubling(levels):
    """A schema of ``levels`` definitions that holds a value against 2 ** ``levels`` sub-schemas."""
    defs: dict[str, object] = {"d0": {"type": "integer"}}
    for level in range(1, levels + 1):
        half = {"$ref": f"#/$defs/d{level - 1}"}
        defs[f"d{level}"] = {"allOf": [half, dict(half)]}
    return {"$defs": defs, "$ref": f"#/$defs/d{levels}"}


def union(width):
    """A recursive union: each level of a value is held against every member."""
    member = {"properties": {"a": {"$ref": "#"}}}
    return {"anyOf": [dict(member) for _ in range(width)]}


def nested(levels):
    schema = dict[str, object]()
    for _ in range(levels):
        schema = {"not": schema}
    return schema


HOSTILE: dict[str, dict[str, object]] = {
    "doubling": doubling(40),
    "recursive_union": union(2),
    "self_reference": {"$ref": "#"},
    "self_in_a_list": {"allOf": [{"$ref": "#"}]},
    "self_in_a_circle": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}},
    },
    "dynamic": {"$dynamicRef": "#x"},
    "identity": {"properties": {"a": {"$id": "http://127.0.0.1/x", "$ref": "#/y"}}},
    "elsewhere": {"$ref": "http://127.0.0.1:1/schema"},
    "a_file": {"properties": {"a": {"$ref": "file:///etc/hostname"}}},
    "nowhere": {"$ref": "#/$defs/none"},
    "many_parts": {"properties": {f"p{n}": {"minimum": n} for n in range(3000)}},
    "wide": {"allOf": [{"minimum": n} for n in range(1500)]},
    "long": {"enum": ["x" * 200_000]},
    "long_lists": {"enum": list(range(20_000))},
    "look_around": {"pattern": "(?=a)b"},
    "huge_pattern": {"pattern": "((a{100}){100}){100}"},
    "deep": nested(80),
}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_is_not_compiled_into_work(schema):
    check = InputCheck.of(schema, max_depth=DEPTH)

    assert check.unchecked or check.looks(1) <= MOST_COST
    check.refuse({"a": {"a": {}}}, size_bytes=20)


HARMLESS: dict[str, dict[str, object]] = {
    "tree": {"properties": {"children": {"items": {"$ref": "#"}}}},
    "nullable_tree": {
        "$defs": {
            "n": {"properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}}
        },
        "$ref": "#/$defs/n",
    },
    "catastrophic_elsewhere": {"pattern": "^(a+)+$"},
    "escaped_reference": {"$defs": {"a/b": {"type": "null"}}, "$ref": "#/$defs/a~1b"},
}


@pytest.mark.parametrize("schema", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_schema_is_checked(schema):
    assert not InputCheck.of(schema, max_depth=DEPTH).unchecked


def test_the_cost_counts_every_path_to_a_value():
    assert cost({"type": "integer"}, max_depth=DEPTH) == 1
    assert cost(doubling(3), max_depth=DEPTH) == 1 + 29
    assert [cost(union(2), max_depth=depth) for depth in range(4)] == [3, 11, 27, 59]
    with pytest.raises(UnfitSchema):
        cost(union(2), max_depth=DEPTH)


def test_an_input_too_large_for_a_costly_schema_is_left_to_the_worker():
    check = InputCheck.of({"allOf": [{"minimum": 1}] * 200}, max_depth=DEPTH)

    check.refuse(0, size_bytes=10_000_000)
    with pytest.raises(Unprocessable):
        check.refuse(0, size_bytes=10)


def test_a_million_wrong_items_are_told_by_the_first():
    assert len(refused_large([1] * 100_000)) == 1


def refused_large(value):
    check = InputCheck.of({"items": {"type": "string"}}, max_depth=DEPTH)
    with pytest.raises(Unprocessable) as caught:
        check.refuse(value, size_bytes=1_000_000)
    return caught.value.extra["errors"]
