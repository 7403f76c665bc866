"""Sample functions: each does one simple, sometimes nasty thing, and writes it to the ledger.

Run them as ``atf-worker asynctaskflow_testkit.handlers:<name>``. A result names the execution that wrote it
(worker and attempt), so that a checker can tell whose result was accepted.
"""

import asyncio
import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

from pydantic import BaseModel, Field

from asynctaskflow import Context, InputRejected, Permanent, Retryable, SyncContext, function
from asynctaskflow_testkit.ledger import Call, Ledger, Ran
from asynctaskflow_testkit.settings import HandlerSettings

EXIT_CODE = 139


class Done(BaseModel):
    """What every sample function returns."""

    worker: str
    attempt: int
    text: str = ""


class Echo(BaseModel):
    """Input of ``echo``."""

    text: str = ""


class Sleep(BaseModel):
    """Input of ``sleep``."""

    seconds: float = Field(0.05, ge=0)


class Spin(BaseModel):
    """Input of ``spin`` and ``hold``."""

    seconds: float = Field(1.0, ge=0)


class Exit(BaseModel):
    """Input of ``exit``: whether to do it, and for how long to work first."""

    die: bool = True
    seconds: float = Field(0.0, ge=0)


class Failing(BaseModel):
    """Input of ``fail``: in which way."""

    how: Literal["permanent", "retryable", "rejected", "defect"] = "permanent"
    message: str = "as asked"


class Flaky(BaseModel):
    """Input of ``flaky``: how many attempts fail."""

    failures: int = Field(1, ge=0)


class Big(BaseModel):
    """Input of ``big``: size of the result."""

    size_bytes: int = Field(1024, ge=0)


@cache
def _settings() -> HandlerSettings:
    return HandlerSettings()


@cache
def _ledger(process: int) -> Ledger | None:
    path = _settings().ledger
    return Ledger(path) if path else None


@contextmanager
def recorded(ctx: Context | SyncContext) -> Iterator[Done]:
    """Write the start, give the result to fill in, and write the end unless the handler raised."""
    done = Done(worker=_settings().worker or f"pid:{os.getpid()}", attempt=ctx.attempt)
    _write(ctx, done, "start")
    yield done
    _write(ctx, done, "end")


def _write(ctx: Context | SyncContext, done: Done, edge: Literal["start", "end"]) -> None:
    ledger = _ledger(os.getpid())
    if ledger is not None:
        line = Ran(time.monotonic(), ctx.task_id, done.attempt, done.worker, edge, os.getpid())
        ledger.write(line)


def note_call(ctx: Context | SyncContext, outcome: str, granted_s: float) -> None:
    """Write that an outside service was called."""
    ledger = _ledger(os.getpid())
    if ledger is not None:
        ledger.write(Call(time.monotonic(), ctx.task_id, outcome, granted_s))


@function(name="echo", input=Echo, output=Done)
async def echo(task: Echo, ctx: Context) -> Done:
    """Give back the text."""
    with recorded(ctx) as done:
        done.text = task.text
    return done


@function(name="sleep", input=Sleep, output=Done)
async def sleep(task: Sleep, ctx: Context) -> Done:
    """Take time without using any."""
    with recorded(ctx) as done:
        await asyncio.sleep(task.seconds)
    return done


@function(name="spin", input=Spin, output=Done)
async def spin(task: Spin, ctx: Context) -> Done:
    """Block the event loop with Python code, which an async handler should never do."""
    with recorded(ctx) as done:
        stop = time.monotonic() + task.seconds
        while time.monotonic() < stop:
            pass
    return done


@function(name="hold", input=Spin, output=Done)
def hold(task: Spin, ctx: SyncContext) -> Done:
    """Hold the interpreter lock without a break, as C code that never releases it does."""
    with recorded(ctx) as done:
        ctypes.PyDLL(None).usleep(int(task.seconds * 1_000_000))
    return done


@function(name="exit", input=Exit, output=Done)
async def exit_(task: Exit, ctx: Context) -> Done:
    """End the worker's process, as a segmentation fault does; or do not."""
    with recorded(ctx) as done:
        await asyncio.sleep(task.seconds)
        if task.die:
            os._exit(EXIT_CODE)
    return done


@function(name="fail", input=Failing, output=Done)
async def fail(task: Failing, ctx: Context) -> Done:
    """Raise."""
    with recorded(ctx):
        match task.how:
            case "permanent":
                raise Permanent(task.message)
            case "retryable":
                raise Retryable(task.message)
            case "rejected":
                raise InputRejected(task.message)
            case "defect":
                raise ZeroDivisionError(task.message)


@function(name="flaky", input=Flaky, output=Done)
async def flaky(task: Flaky, ctx: Context) -> Done:
    """Fail in the first attempts, then succeed."""
    with recorded(ctx) as done:
        if ctx.attempt <= task.failures:
            raise Retryable(f"attempt {ctx.attempt} of {task.failures} that fail")
    return done


@function(name="big", input=Big, output=Done)
async def big(task: Big, ctx: Context) -> Done:
    """Give back a result of a given size."""
    with recorded(ctx) as done:
        done.text = "x" * task.size_bytes
    return done
