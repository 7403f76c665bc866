"""A download bounds what it holds and how long it waits, and the headers say nothing that a stranger made up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager

import pytest

from asynctaskflow.blobs.port import BlobCorrupt, BlobName, BlobNotFound, BlobRef
from asynctaskflow_api.download import Bounds, Download, disposition, is_known, media_type, withheld
from asynctaskflow_api.streams.sse import ABORT

MIB = 1024 * 1024
SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}


class Stored:
    """A blob of some pieces, which may end in an error; counts what has been read of it."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces, self.error, self.read = pieces, error, 0

    async def open(self, ref: str) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.read += len(piece)
            yield piece
        if self.error is not None:
            raise self.error

    def download(self, *, silence_s: float = 10.0, running: list[str] | None = None) -> Download:
        size = sum(map(len, self.pieces))
        found = BlobRef(BlobName("redis", "echo", "a"), size, "0" * 64, "application/pdf")
        bounds = Bounds(turns(running if running is not None else []), silence_s)
        return Download(self, found, bounds, filename="a.pdf")  # type: ignore[arg-type]


def turns(running: list[str]):
    @contextmanager
    def turn():
        running.append("one")
        try:
            yield
        finally:
            running.pop()

    return turn


async def never() -> dict[str, str]:
    await asyncio.Event().wait()
    return {}


@pytest.mark.parametrize("pieces", [(), (b"a",), (b"ab", b"", b"c"), (b"x" * 70_000, b"y" * 10)])
async def test_what_is_sent_is_what_is_stored(pieces):
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    await Stored(*pieces).download()(SCOPE, never, send)

    assert b"".join(message.get("body", b"") for message in sent) == b"".join(pieces)
    assert [message.get("more_body", False) for message in sent][-1] is False


async def test_the_last_byte_waits_until_all_bytes_have_been_compared():
    pieces = withheld(Stored(b"abc", b"def", error=BlobCorrupt("another digest")).open(""))
    seen = await anext(pieces) + await anext(pieces)
    with pytest.raises(BlobCorrupt):
        await anext(pieces)

    assert seen == b"abcde"


@pytest.mark.parametrize("error", [BlobNotFound("removed"), BlobCorrupt("another digest")])
async def test_what_fails_midway_cuts_the_connection_and_gives_its_turn_back(error):
    sent: list[dict] = []
    cut: list[str] = []
    running: list[str] = []

    async def send(message):
        sent.append(message)

    scope = {**SCOPE, "extensions": {ABORT: lambda: cut.append("cut")}}
    await Stored(b"abc", error=error).download(running=running)(scope, never, send)

    assert cut == ["cut"]
    assert all(message.get("more_body", True) for message in sent)
    assert running == []


async def test_what_is_not_there_from_the_beginning_is_an_error_before_any_byte():
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    with pytest.raises(BlobNotFound):
        await Stored(error=BlobNotFound("removed")).download()(SCOPE, never, send)

    assert sent == []


async def test_a_reader_who_stops_is_cut_and_nothing_more_is_read_for_it():
    stored, cut = Stored(*[bytes(MIB)] * 50), []

    async def send(message):
        if message["type"] == "http.response.body":
            await never()

    scope = {**SCOPE, "extensions": {ABORT: lambda: cut.append("cut")}}
    await stored.download(silence_s=0.01)(scope, never, send)

    assert cut == ["cut"]
    assert stored.read == MIB


async def test_who_leaves_ends_the_download():
    stored = Stored(*[bytes(MIB)] * 50)
    running: list[str] = []

    async def leave():
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.body":
            await never()

    await stored.download(running=running)({"type": "http"}, leave, send)

    assert stored.read == MIB
    assert running == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "inline"),
        ("../..", "inline; filename=\"..\"; filename*=UTF-8''.."),
        ("C:\\news\\a b.pdf", "inline; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
        ('x"\r\n: y', "inline; filename=\"x_: y\"; filename*=UTF-8''x%22%3A%20y"),
        ("新聞.pdf", "inline; filename=\"__.pdf\"; filename*=UTF-8''%E6%96%B0%E8%81%9E.pdf"),
    ],
)
def test_a_file_name_breaks_out_of_no_header(given, said):
    assert disposition(given) == said
    assert said.isascii()


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("application/pdf", "application/pdf"),
        ("IMAGE/Svg+XML", "image/svg+xml"),
        ("", "application/octet-stream"),
        ("text/html; charset=x", "application/octet-stream"),
        ("text/html\r\nx: y", "application/octet-stream"),
        ("téxt/html", "application/octet-stream"),
    ],
)
def test_a_type_that_is_none_is_bytes(declared, said):
    assert media_type(declared) == said


@pytest.mark.parametrize(
    ("asked", "known"),
    [("", False), ('"1"', False), (f'"{"0" * 64}"', True), (f'"1", W/"{"0" * 64}"', True)],
)
def test_a_tag_is_known_among_others(asked, known):
    found = BlobRef(BlobName("redis", "echo", "a"), 1, "0" * 64, "application/pdf")

    assert is_known(found, asked) is known
