"""JSON of strangers is read within bounds, and read as any other parser would."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_api.json_bounds import BadJson, Bounds, UnfitJson, canonical, depth_exceeds

BOUNDS = Bounds(max_depth=5, max_keys=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(one) for one in value), default=0)
    return 0


@given(VALUES)
def test_depth_is_counted_exactly_whatever_the_strings_hold(value):
    text = json.dumps(value).encode()

    for limit in range(7):
        assert depth_exceeds(text, limit) == (depth(value) > limit)


@given(VALUES)
def test_what_is_within_bounds_is_read_as_it_was_written(value):
    wide = Bounds(max_depth=50, max_keys=1000)

    assert wide.read(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", [b'"[[[[[[["', b'["\\"[[[[[[", "{{{{{{"]', b'{"[{[{[{":"]]"}'])
def test_brackets_inside_strings_do_not_count(text):
    assert BOUNDS.read(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", [b"[" * 6 + b"]" * 6, b'{"a":' * 6 + b"1" + b"}" * 6, b"[" * 100_000, b"[{" * 5]
)
def test_what_nests_deeper_is_refused_before_it_is_built(text):
    with pytest.raises(UnfitJson, match="deeper"):
        BOUNDS.read(text)


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":1}', b'[{"a":{"b":1,"b":2}}]', b"NaN", b"[Infinity]", b"-Infinity", b"9" * 5000],
)
def test_what_parsers_disagree_on_is_refused(text):
    with pytest.raises(UnfitJson):
        BOUNDS.read(text)


def test_keys_are_counted_over_all_objects_and_anew_for_each_text():
    eleven = json.dumps([{"a": 1}] * 11).encode()
    ten = json.dumps([{"a": 1}] * 10).encode()

    for _ in range(2):
        with pytest.raises(UnfitJson, match="10 keys"):
            BOUNDS.read(eleven)
        assert len(BOUNDS.read(ten)) == 10


@pytest.mark.parametrize("text", [b"", b"{", b"nonsense", b"\xff", b"[1,]", b"'a'", b"1 2"])
def test_what_is_not_json_is_said_so(text):
    with pytest.raises(BadJson):
        BOUNDS.read(text)


@pytest.mark.parametrize("value", [2**64, "\ud800", {"\udfff": 1}])
def test_what_cannot_be_stored_faithfully_is_refused(value):
    with pytest.raises(UnfitJson):
        canonical(value)


@pytest.mark.parametrize("digits", ["1e999", "-1e999", "9" * 400 + ".0"])
def test_a_number_beyond_what_a_float_holds_is_refused_rather_than_stored_as_null(digits):
    with pytest.raises(UnfitJson, match="too large"):
        BOUNDS.read(f'{{"x": {digits}}}'.encode())
