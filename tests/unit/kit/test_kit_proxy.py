"""The proxy does to a real connection what its mode says."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from asynctaskflow_testkit.lifetime import LOOPBACK
from asynctaskflow_testkit.proxy import FaultProxy, Mode, fault_proxy
from asynctaskflow_testkit.waiting import NotInTimeError, eventually


class Echo:
    """A server that repeats lines and remembers them."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self.seen.append(line)
            writer.write(line)
        writer.close()


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, LOOPBACK, 0)
    async with server, fault_proxy(server.sockets[0].getsockname()[1]) as found:
        yield found


async def _ask(proxy: FaultProxy, line: bytes = b"hello\n", timeout_s: float = 2.0) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        writer.write(line)
        return await asyncio.wait_for(reader.readline(), timeout_s)
    finally:
        writer.close()


async def test_pass_repeats(proxy: FaultProxy) -> None:
    assert await _ask(proxy) == b"hello\n"


async def test_latency_delays_both_directions(proxy: FaultProxy) -> None:
    await proxy.set_mode(Mode.LATENCY, latency_s=0.05)
    before = time.monotonic()
    assert await _ask(proxy) == b"hello\n"
    assert time.monotonic() - before >= 0.1


async def test_blackhole_holds_back_and_loses_nothing(proxy: FaultProxy, echo: Echo) -> None:
    await proxy.set_mode(Mode.BLACKHOLE)
    with pytest.raises(TimeoutError):
        await _ask(proxy, timeout_s=0.1)
    assert echo.seen == []
    await proxy.set_mode(Mode.PASS)
    await eventually(lambda: echo.seen == [b"hello\n"], 2)


async def test_reset_cuts_open_and_new_connections(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    writer.write(b"one\n")
    assert await reader.readline() == b"one\n"
    await proxy.set_mode(Mode.RESET)
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        assert await _ask(proxy) == b"never"


async def test_refuse_closes_the_port_and_pass_opens_it_again(proxy: FaultProxy) -> None:
    port = proxy.port
    await proxy.set_mode(Mode.REFUSE)
    with pytest.raises(ConnectionRefusedError):
        await _ask(proxy)
    await proxy.set_mode(Mode.PASS)
    assert await _ask(proxy) == b"hello\n"
    assert proxy.port == port


async def test_trickle_sends_byte_by_byte(proxy: FaultProxy) -> None:
    await proxy.set_mode(Mode.TRICKLE)
    before = time.monotonic()
    assert await _ask(proxy) == b"hello\n"
    assert time.monotonic() - before >= 5 * 0.05


async def test_drop_reply_once_loses_one_answer_after_the_server_acted(
    proxy: FaultProxy, echo: Echo
) -> None:
    await proxy.set_mode(Mode.DROP_REPLY_ONCE)
    assert await _ask(proxy) == b""
    assert echo.seen == [b"hello\n"]
    assert proxy.dropped == 1
    assert await _ask(proxy) == b"hello\n"


async def test_eventually_returns_the_first_truthy_value() -> None:
    values = iter([0, None, 7])
    assert await eventually(lambda: next(values), 1) == 7


async def test_eventually_takes_a_failed_assertion_for_not_yet() -> None:
    values = iter([1, 2, 3])

    async def is_three() -> bool:
        assert next(values) == 3
        return True

    assert await eventually(is_three, 1)


async def test_eventually_says_what_it_waited_for_and_what_it_saw() -> None:
    with pytest.raises(NotInTimeError, match=r"the moon; last seen: .*cheese"):
        await eventually(lambda: "" or _raise_cheese(), 0.02, what="the moon")


def _raise_cheese() -> bool:
    raise AssertionError("cheese")
