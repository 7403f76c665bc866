"""A function that does what a test asks for: take time, fail, die, or call a service behind a dependency."""

import asyncio
import os
import platform

from pydantic import BaseModel

from asynctaskflow import Context, Permanent, function

LINE_BYTES = 4096


class Wish(BaseModel):
    """What the task shall do, in this order: die, fail, call, take time."""

    die: bool = False
    fail: bool = False
    call: str = ""  # host:port of a service that answers with a line
    seconds: float = 0


@function(name="probe", input=Wish, dependencies=["flaky"])
async def probe(task: Wish, ctx: Context) -> dict[str, object]:
    if task.die:
        os._exit(1)
    if task.fail:
        raise Permanent("a task that was asked to fail")
    if task.call:
        await ctx.dependency("flaky").call(lambda: ask(task.call))
    await asyncio.sleep(task.seconds)
    return {"pod": platform.node(), "attempt": ctx.attempt}


async def ask(address: str) -> bytes:
    """One call of a service; it counts as its fault when nobody answers."""
    host, _, port = address.partition(":")
    async with asyncio.timeout(2):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/v1/models HTTP/1.0\r\nHost: flaky\r\n\r\n")
        line = await reader.read(LINE_BYTES)
        writer.close()
    if not line.startswith(b"HTTP/1"):
        raise ConnectionError(f"no answer from {address}")
    return line
