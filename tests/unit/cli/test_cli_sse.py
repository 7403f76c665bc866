"""Server-sent events: parsed as the standard says, and resumed after a lost connection."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asynctaskflow_cli.client import Api, Unreachable
from asynctaskflow_cli.exits import CommandError, Exit
from asynctaskflow_cli.sse import EventFeed, ServerEvent, parse

PARTS = [
    "retry: 10\n\nid: a\nevent: task\ndata: 1\n\nid: b\ndata: half an ev",
    "id: b\nevent: task\ndata: 2\n\n",
    "id: c\nevent: task\ndata: 3\n\n",
]


class Scripted(BaseHTTPRequestHandler):
    """Answers each connection with the next part, then closes it."""

    seen: list[str | None]

    def do_GET(self) -> None:
        number = len(self.seen)
        self.seen.append(self.headers.get("Last-Event-ID"))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(PARTS[min(number, len(PARTS) - 1)].encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str | None]]]:
    seen: list[str | None] = []
    handler = type("Handler", (Scripted,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", seen
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("lines", "events"),
    [
        (["data: x", ""], [ServerEvent("", "message", "x")]),
        (["data:x", "data: y", ""], [ServerEvent("", "message", "x\ny")]),
        (["event: e", "id: 7", "data", ""], [ServerEvent("7", "e", "")]),
        ([": ping", ""], []),
        (["event: lonely", "", "data: x", ""], [ServerEvent("", "message", "x")]),
        (
            ["id: 1", "data: x", "", "data: y", ""],
            [ServerEvent("1", "message", "x"), ServerEvent("1", "message", "y")],
        ),
        (["data: unfinished"], []),
        (
            ["id: a\0b", "retry: soon", "unknown: x", "data: x", ""],
            [ServerEvent("", "message", "x")],
        ),
    ],
)
def test_lines_become_events(lines: list[str], events: list[ServerEvent]) -> None:
    assert list(parse(lines)) == events


def test_a_lost_connection_is_resumed_after_the_last_whole_event(
    server: tuple[str, list[str | None]],
) -> None:
    url, seen = server
    lost: list[str] = []
    with Api(url) as api:
        feed = EventFeed(api, "/events", lost=lost.append)
        events = feed.events(opened=lambda: None)
        found = [next(events).data for _ in range(3)]
        events.close()
    assert found == ["1", "2", "3"]
    assert seen[:3] == [None, "a", "b"]
    assert len(lost) == 2


def test_a_server_that_was_never_there_is_an_error_at_once() -> None:
    with Api("http://127.0.0.1:9") as api:
        feed = EventFeed(api, "/events", lost=lambda _: None)
        with pytest.raises(Unreachable, match="no events"):
            next(feed.events(opened=lambda: None))


def test_a_feed_ends_at_its_deadline(server: tuple[str, list[str | None]]) -> None:
    with Api(server[0]) as api:
        deadline_s = time.monotonic() + 0.3
        feed = EventFeed(api, "/events", lost=lambda _: None, deadline_s=deadline_s)
        with pytest.raises(CommandError) as ended:
            for _ in feed.events(opened=lambda: None):
                pass
    assert ended.value.code == Exit.TIMEOUT
