"""A reader's place in several streams survives being written down, entry by entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow.taskqueue.messages import Event
from asynctaskflow_api.streams import position

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
IDS = st.builds(lambda ms, n: f"{ms}-{n}", st.integers(0, 2**43), st.integers(0, 2**30))


def event(stream_id: str, function: str = "f") -> Event:
    return Event(stream_id, function, "u", "enqueued", "", "PENDING", 1)


@given(st.dictionaries(NAMES, IDS, min_size=1, max_size=5))
def test_positions_are_read_back_as_they_were_written(positions):
    assert position.read(position.write(positions)) == positions


@pytest.mark.parametrize(
    "text", ["", "f", "f=1", "f=x-1", "F=1-1", "f=1-1,", "f=1-1\nid: 2", "-=1-1", "f=1-1," * 9999]
)
def test_a_text_that_is_no_position_is_none(text):
    assert position.read(text) is None


def test_events_of_one_entry_can_be_resumed_without_loss():
    positions = {"f": "1-0"}
    frames = position.advance(
        positions,
        [event("1-0"), event("1-0"), event("2-0"), event("3-0"), event("3-0"), event("4-0")],
    )

    assert [frame.entry_id for frame in frames] == ["2-0"] * 3 + ["3-0"] + ["4-0"] * 2
    assert [frame.cursor for frame in frames] == [
        "f=1-0",
        "f=1-0",
        "f=2-0",
        "f=3-0",
        "f=3-0",
        "f=4-0",
    ]
    assert positions == {"f": "4-0"}


def test_a_reader_skips_what_it_has_seen_entry_by_entry():
    frames = position.advance({"f": "1-0"}, [event("1-0"), event("2-0"), event("10-0")])

    assert [position.is_after(frame, {"f": "1-0"}) for frame in frames] == [True] * 3
    assert [position.is_after(frame, {"f": "2-0"}) for frame in frames] == [False, False, True]
    assert all(position.is_after(frame, {}) for frame in frames)


def test_functions_move_on_independently():
    positions = {"a": "1-0", "b": "5-0"}
    frames = position.advance(positions, [event("2-0", "a"), event("6-0", "b")])

    assert [frame.cursor for frame in frames] == ["a=2-0,b=5-0", "a=2-0,b=6-0"]
