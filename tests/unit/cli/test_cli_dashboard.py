"""The local stack names the dashboard only where its API shows one to browsers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from asynctaskflow_cli.stack.stack import has_dashboard


@asynccontextmanager
async def answering(kind: str) -> AsyncIterator[str]:
    """The address of a server that answers whatever is asked with an empty body of that type."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("kind", "expected"), [("text/html; charset=utf-8", True), ("application/json", False)]
)
async def test_a_page_for_browsers_is_a_dashboard_and_json_is_none(kind, expected):
    async with answering(kind) as url:
        assert await has_dashboard(url) is expected


async def test_an_api_that_is_gone_has_none():
    async with answering("text/html") as url:
        pass

    assert await has_dashboard(url) is False
