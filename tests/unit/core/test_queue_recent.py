"""The newest events over many streams: none is missing, none comes twice, and no more is read than may be among them."""

from collections.abc import Callable
from random import Random

import pytest

from asynctaskflow.taskqueue.messages import Event, EventPage
from asynctaskflow.taskqueue.place import Place
from asynctaskflow.taskqueue.recent import AT_ONCE, SCAN, Entry, Read, Recent

Streams = dict[str, list[Entry]]


def entry(at_ms: int, *kinds: str, number: int = 0) -> Entry:
    lines = [f"{kind} u{line} - PENDING 0 - -" for line, kind in enumerate(kinds)]
    return f"{at_ms}-{number}".encode(), {b"t": "\n".join(lines).encode()}


def order(stream_id: str) -> tuple[int, int]:
    at_ms, _, number = stream_id.partition("-")
    return int(at_ms), int(number)


def answer(streams: Streams, read: Read) -> list[Entry]:
    """As XREVRANGE would; entries stand oldest first."""
    newest_first = list(reversed(streams[read.function]))
    if read.end != "+":
        end = order(read.end.removeprefix("("))
        is_open = read.end.startswith("(")
        newest_first = [
            one
            for one in newest_first
            if order(one[0].decode()) < end or (not is_open and order(one[0].decode()) == end)
        ]
    return newest_first[: read.count]


def look(
    streams: Streams,
    *,
    limit: int,
    before: str = "",
    accepts: Callable[[Event], bool] = lambda _: True,
) -> tuple[EventPage, list[list[Read]]]:
    place = Place.parse(before) if before else None
    recent = Recent(list(streams), limit=limit, before=place, accepts=accepts)
    heads = recent.heads()
    recent.meet([(read, answer(streams, read)) for read in heads])
    turns = [heads]
    while reads := recent.next_reads():
        turns.append(reads)
        for read in reads:
            recent.take(read, answer(streams, read))
    return recent.page(), turns


def walk(streams: Streams, *, limit: int) -> list[str]:
    """Ids of all events, page after page."""
    found: list[str] = []
    cursor = ""
    while True:
        page, _ = look(streams, limit=limit, before=cursor)
        found += [one.id for one in page.events]
        if not page.cursor:
            return found
        assert page.cursor != cursor
        cursor = page.cursor


def all_ids(streams: Streams) -> list[str]:
    places = [
        Place.of(function, stream_id, line)
        for function, entries in streams.items()
        for stream_id, fields in entries
        for line in range(1, len(fields[b"t"].splitlines()) + 1)
    ]
    return [str(place) for place in sorted(places, reverse=True)]


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
@pytest.mark.parametrize("seed", range(5))
def test_pages_give_every_event_once_newest_first(seed: int, limit: int) -> None:
    random = Random(seed)
    streams: Streams = {}
    for function in ("a", "b", "quiet", "z"):
        times = sorted({random.randrange(60) for _ in range(random.randrange(40))})
        streams[function] = [
            entry(at_ms, *["enqueued"] * random.randrange(1, 33), number=random.randrange(2))
            for at_ms in times
            if function != "quiet"
        ]

    assert walk(streams, limit=limit) == all_ids(streams)


def test_of_a_thousand_streams_only_those_with_news_are_read_on() -> None:
    streams = {f"f{n}": [entry(at, "claimed") for at in range(n, n + 50)] for n in range(1000)}

    page, (heads, *later) = look(streams, limit=20)

    assert [one.id for one in page.events] == all_ids(streams)[:20]
    assert len(heads) == 1000
    assert {read.count for read in heads} == {1}
    read_on = {read.function for turn in later for read in turn}
    assert read_on <= {f"f{n}" for n in range(980, 1000)}


def test_a_stream_that_is_busier_than_all_others_fills_the_page() -> None:
    streams = {f"f{n}": [entry(10_000 - n, "claimed")] for n in range(300)}
    streams["busy"] = [entry(at, "claimed") for at in range(8_000, 18_000)]

    page, _ = look(streams, limit=500)

    assert [one.id for one in page.events] == all_ids(streams)[:500]


def test_what_a_filter_hides_is_read_past_within_a_bound_and_the_cursor_goes_on() -> None:
    noise = [entry(at, "progress") for at in range(10, SCAN + 100)]
    streams = {"noisy": [entry(1, "failed"), *noise], "quiet": [entry(5, "failed")]}

    page, turns = look(streams, limit=10, accepts=lambda one: one.kind != "progress")

    assert page.events == ()
    assert sum(read.count for turn in turns for read in turn) <= SCAN + len(streams)
    assert max(sum(read.count for read in turn) for turn in turns[1:]) <= AT_ONCE
    page, _ = look(streams, limit=10, before=page.cursor, accepts=lambda one: one.kind == "failed")
    assert [one.id for one in page.events] == ["quiet=5-0.1", "noisy=1-0.1"]
    assert page.cursor == ""


def test_where_entries_hold_many_events_few_of_them_are_read() -> None:
    streams = {f"f{n}": [entry(n + 1, *["enqueued"] * 32)] for n in range(100)}

    page, turns = look(streams, limit=200)

    assert [one.id for one in page.events] == all_ids(streams)[:200]
    assert sum(read.count for turn in turns[1:] for read in turn) <= 64


def test_a_page_may_end_within_an_entry() -> None:
    streams = {"a": [entry(5, "enqueued", "enqueued", "claimed")]}

    first, _ = look(streams, limit=2)
    second, _ = look(streams, limit=2, before=first.cursor)

    assert [one.id for one in first.events] == ["a=5-0.3", "a=5-0.2"]
    assert [one.id for one in second.events] == ["a=5-0.1"]


@pytest.mark.parametrize("text", ["", "a", "a=5-0", "A=5-0.1", "a=x-0.1", "-=5-0.1", "a=5-0.1 "])
def test_what_is_no_events_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Place.parse(text)
