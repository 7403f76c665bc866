"""Handlers that the worker tests run in processes of their own; what they do is in their names."""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from asynctaskflow import Context, NotNow, Permanent, Retryable, SyncContext, function


def _note(task: dict[str, Any], text: str) -> None:
    """Append to the test's ledger, which outlives every process."""
    with Path(task["ledger"]).open("a") as ledger:
        ledger.write(f"{os.getpid()} {text}\n")


def _noted(task: dict[str, Any]) -> bool:
    return Path(task["ledger"]).exists()


@function(name="echo")
async def echo(task, ctx: Context):
    return task


@function(name="waits")
async def waits(task, ctx: Context):
    _note(task, f"start {ctx.attempt}")
    await asyncio.sleep(task["seconds"])
    _note(task, f"end {ctx.attempt}")
    return {"attempt": ctx.attempt, "pid": os.getpid()}


@function(name="spins")
async def spins(task, ctx: Context):
    _note(task, f"start {ctx.attempt}")
    end = time.monotonic() + task["seconds"]
    while time.monotonic() < end:
        pass
    return {"attempt": ctx.attempt}


@function(name="blocks")
def blocks(task, ctx: SyncContext):
    _note(task, f"start {ctx.attempt}")
    stopped = ctx.wait_cancelled(task["seconds"])
    _note(task, f"cancelled {stopped}")
    return {"attempt": ctx.attempt}


@function(name="deaf")
def deaf(task, ctx: SyncContext):
    _note(task, f"start {ctx.attempt}")
    time.sleep(task["seconds"])
    return {"attempt": ctx.attempt}


@function(name="stubborn")
async def stubborn(task, ctx: Context):
    _note(task, f"start {ctx.attempt}")
    while True:
        try:
            await asyncio.sleep(task["seconds"])
        except asyncio.CancelledError:
            _note(task, "ignored")


@function(name="dies")
async def dies(task, ctx: Context):
    if task.get("poison"):
        _note(task, f"start {ctx.attempt}")
        os.kill(os.getpid(), signal.SIGKILL)
    return task


@function(name="crashes")
def crashes(task, ctx: SyncContext):
    if task.get("poison"):
        os._exit(7)
    return {"pid": os.getpid()}


@function(name="forks")
def forks(task, ctx: SyncContext):
    child = subprocess.Popen(["sleep", "60"])
    _note(task, f"child {child.pid}")
    child.wait()


@function(name="fails")
async def fails(task, ctx: Context):
    kind = task["kind"]
    if kind == "retryable":
        raise Retryable("try again", delay_s=0, error_class="flaky")
    if kind == "permanent":
        raise Permanent("never")
    if kind == "not_now" and not _noted(task):
        _note(task, "not now")
        raise NotNow("later", reason="breaker_open", delay_s=0.3)
    if kind == "bug":
        return task["missing"]
    return {"attempt": ctx.attempt}


class Greeting(BaseModel):
    name: str
    times: int = 1


class Greeted(BaseModel):
    text: str


@function(name="greets", input=Greeting, output=Greeted)
def greets(task: Greeting, ctx: SyncContext) -> Greeted:
    ctx.progress(0.5, "half")
    return Greeted(text=f"Hello {task.name}! " * task.times)


@function(name="reports")
async def reports(task, ctx: Context):
    for step in range(task["steps"]):
        await ctx.progress(step / task["steps"], f"step {step}")
    await asyncio.sleep(task["seconds"])


@function(name="enlarges")
async def enlarges(task, ctx: Context):
    if "ref" in task:
        return {"read": len(await ctx.read_blob(task["ref"]))}
    return "x" * task["size_bytes"]


@function(name="calls", dependencies=["upstream"])
async def calls(task, ctx: Context):
    async def operation():
        _note(task, "start call")
        if task.get("broken"):
            raise Retryable("upstream is down", error_class="unavailable", provider_fault=True)
        return "answer"

    return await ctx.dependency("upstream").call(operation)


@function(name="calls-sync", dependencies=["upstream"])
def calls_sync(task, ctx: SyncContext):
    return ctx.dependency("upstream").call(lambda: "answer")
