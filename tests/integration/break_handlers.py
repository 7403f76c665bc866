"""Handlers that misbehave in ways that Python allows; what each kind does is in its name."""

import asyncio
import os
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from asynctaskflow import Context, NotNow, Retryable, SyncContext, function

PROGRESS: dict[str, Any] = {
    "true": True,
    "decimal": Decimal("0.5"),
    "text": "half",
    "none": None,
    "huge": 10**400,
}
DELAYS: dict[str, Any] = {
    "text": "5",
    "nan": float("nan"),
    "inf": float("inf"),
    "negative": -1,
    "none": None,
}


class Panic(BaseException):
    """Like the panics of Rust extensions, which are no ``Exception``."""


class Unspeakable(Exception):
    """Cannot be told: its texts fail."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def _count(ledger: Path) -> int:
    """How often it was called before."""
    seen = len(ledger.read_text()) if ledger.exists() else 0
    ledger.write_text("x" * (seen + 1))
    return seen


ERRORS: dict[str, Callable[[Any], BaseException]] = {
    "panic": lambda _: Panic("at the disco"),
    "keyboard_interrupt": lambda _: KeyboardInterrupt(),
    "stop_iteration": lambda _: StopIteration(),
    "unspeakable": lambda _: Unspeakable(),
    "surrogate": lambda _: ValueError("a file named \udcff"),
    "class": lambda _: Retryable("x", error_class=5),  # type: ignore[arg-type]
    "retry": lambda which: Retryable("x", delay_s=DELAYS[which]),
    "not_now": lambda which: NotNow("x", reason="later", delay_s=DELAYS[which]),
}


def _raise(task: dict[str, Any]) -> None:
    if task["kind"] in ERRORS:
        raise ERRORS[task["kind"]](task.get("which", ""))


@function(name="hostile")
async def hostile(task, ctx: Context):
    _raise(task)
    if task["kind"] == "self_cancel":
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(1)
    if task["kind"] == "progress":
        await ctx.progress(PROGRESS[task["which"]])
        await asyncio.sleep(0.5)
    return {"pid": os.getpid()}


@function(name="hostile-plain")
def hostile_plain(task, ctx: SyncContext):
    _raise(task)
    if task["kind"] == "progress":
        ctx.progress(PROGRESS[task["which"]])
        ctx.wait_cancelled(0.5)
    if task["kind"] == "dies_later":
        threading.Timer(0.1, os._exit, (3,)).start()
    return {"pid": os.getpid()}


@function(name="postpones")
async def postpones(task, ctx: Context):
    seen = _count(Path(task["ledger"]))
    if seen < len(task["delays"]):
        raise NotNow("later", reason="later", delay_s=task["delays"][seen])
    return {"seen": seen}
