"""Redis content is untrusted input: a damaged field gives its default, never an exception."""

import pytest

from asynctaskflow.model.task import Attempt, TaskId, TaskState
from asynctaskflow.taskqueue.cursor import Cursor
from asynctaskflow.taskqueue.records import (
    checksum,
    digest,
    events,
    hexadecimal,
    history,
    mapping,
    number,
    task,
    worker,
)

ID = TaskId("echo", "01890000-0000-7000-8000-00000000000a")


def test_a_task_record_is_read_field_by_field() -> None:
    found = task(ID, {b"state": b"ACTIVE", b"attempt": b"2", b"progress": b"0.5"}, lease_ms=7)

    assert (found.state, found.attempt, found.progress, found.lease_ms) == (
        TaskState.ACTIVE,
        2,
        0.5,
        7,
    )


def test_a_terminal_task_finished_when_it_was_last_updated() -> None:
    assert task(ID, {b"state": b"DLQ", b"updated": b"9"}).finished_ms == 9
    assert task(ID, {b"state": b"PENDING", b"updated": b"9"}).finished_ms == 0


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {b"state": b"\xff"},
        {b"state": b"GONE", b"attempt": b"x", b"progress": b"", b"history": b"{"},
        {b"history": b'[1]\n{"at":1}\nnull\n{"at":"x","event":"failed"}'},
    ],
    ids=["empty", "no text", "wrong types", "foreign history"],
)
def test_a_damaged_record_is_read_as_dead_lettered(fields: dict[bytes, bytes]) -> None:
    found = task(ID, fields)

    assert found.state == TaskState.DLQ
    assert found.history == ()


def test_history_lines_become_attempts() -> None:
    line = b'{"at":5,"event":"failed","attempt":1,"worker":"w","class":"c","message":"m","next":9}'

    assert history(line) == (Attempt(5, "failed", 1, "w", "c", "m", 9),)


def test_events_of_one_entry_share_its_id_only_at_the_end() -> None:
    entry = {b"t": b"claimed u1 PENDING ACTIVE 1 w -\nclaimed u2 PENDING ACTIVE 1 w -"}
    first, second = events("echo", b"5-1", entry, before="4-0")

    assert (first.stream_id, second.stream_id) == ("4-0", "5-1")
    assert (first.uuid, first.error_class, first.at_ms) == ("u1", "", 5)


def test_an_event_line_of_another_shape_is_left_out() -> None:
    assert events("echo", b"5-1", {b"t": b"what is this"}, before="0") == []


def test_a_worker_whose_record_is_gone_is_lost() -> None:
    assert worker("echo", "w", {}, now_ms=5).state == "lost"
    assert worker("echo", "w", {b"seen": b"2", b"state": b"running"}, now_ms=5).age_ms == 3


def test_pairs_and_maps_are_read_alike() -> None:
    assert mapping([b"a", b"1"]) == mapping({b"a": b"1"}) == {b"a": b"1"}


def test_a_cursor_survives_a_round_trip() -> None:
    cursor = Cursor(1795468431267.0, ID.uuid)

    assert Cursor.parse(str(cursor)) == cursor


def test_a_stored_checksum_is_read_as_the_hexadecimal_digest() -> None:
    assert hexadecimal(checksum(b"data")) == digest(b"data")


@pytest.mark.parametrize("stored", ["", "short", "§" * 43], ids=["none", "short", "foreign"])
def test_a_damaged_checksum_is_none(stored: str) -> None:
    assert hexadecimal(stored) == ""


@pytest.mark.parametrize("damaged", [b"1e999", b"-inf", b"nan", b"much"])
def test_a_damaged_number_reads_as_nothing(damaged: bytes) -> None:
    assert number({b"at": damaged}, "at") == 0
