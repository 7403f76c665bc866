"""``atf doctor``: is this machine fit, and is what runs here well?"""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import typer

from asynctaskflow.clock import SystemClock
from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow.store.connection import RedisOptions, open_async, probe
from asynctaskflow_cli.client import Api, connect
from asynctaskflow_cli.commands.options import Format, Output, Server
from asynctaskflow_cli.exits import CommandError, Exit
from asynctaskflow_cli.render import Column, show
from asynctaskflow_cli.settings import CliSettings
from asynctaskflow_cli.stack import record
from asynctaskflow_cli.stack.manifests import BadManifest, load
from asynctaskflow_cli.stack.server import NoServerProgram, find_program

Verdict = Literal["ok", "warning", "failed"]
Finding = dict[str, str]
MIN_PYTHON = (3, 11)
MAX_SKEW_S = 1.0
COLUMNS = (
    Column("CHECK", lambda row: row["check"]),
    Column("", lambda row: {"ok": "ok", "warning": "!!", "failed": "FAILED"}[row["verdict"]]),
    Column("FOUND", lambda row: row["found"]),
    Column("WHAT TO DO", lambda row: row["hint"]),
)


def doctor(
    *,
    server: Server = "",
    redis_url: Annotated[
        str, typer.Option(help="A Redis to look at; else the local stack's.")
    ] = "",
    output: Output = Format.TABLE,
) -> None:
    """Check Python, poppler, the server program, the manifests, the API and Redis; exit code 1 if one fails."""
    settings = CliSettings.from_env()
    local = record.read(settings.state_dir)
    url = redis_url or (local.redis_url if local else "")
    findings = [_python(), _poppler(), _server_program(), _manifests(), *_api(settings, server)]
    findings += asyncio.run(_redis(url)) if url else [_finding("redis", "ok", "none to look at")]
    show(findings, COLUMNS, output, name="check")
    if any(finding["verdict"] == "failed" for finding in findings):
        raise typer.Exit(Exit.ERROR)


def _finding(check: str, verdict: Verdict, found: str, hint: str = "") -> Finding:
    return {"check": check, "verdict": verdict, "found": found, "hint": hint}


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= MIN_PYTHON:
        return _finding("python", "ok", found)
    return _finding("python", "failed", found, "install Python 3.11 or newer")


def _poppler() -> Finding:
    path = shutil.which("pdftoppm")
    if path:
        return _finding("poppler", "ok", path)
    return _finding(
        "poppler", "warning", "no pdftoppm", "install poppler-utils: scanned pages need it"
    )


def _server_program() -> Finding:
    try:
        return _finding("server program", "ok", find_program())
    except NoServerProgram as error:
        return _finding("server program", "failed", "none", str(error))


def _manifests() -> Finding:
    try:
        names = ", ".join(manifest.metadata.name for manifest in load().functions)
    except BadManifest as error:
        return _finding("manifests", "failed", str(error))
    hint = "" if names else "install asynctaskflow-cli[stack]"
    return _finding("manifests", "ok" if names else "warning", names or "none shipped", hint)


def _api(settings: CliSettings, server: str) -> list[Finding]:
    try:
        with connect(settings, server) as api:
            return [_alive(api), _ready(api)]
    except CommandError as error:
        named = server or settings.server
        return [_finding("api", "failed" if named else "ok", str(error), error.hint)]


def _alive(api: Api) -> Finding:
    api.get("/live")
    return _finding("api", "ok", api.url)


def _ready(api: Api) -> Finding:
    try:
        api.get("/ready")
    except CommandError as error:
        return _finding("api ready", "failed", str(error), error.hint)
    return _finding("api ready", "ok", "ready")


async def _redis(url: str) -> list[Finding]:
    client = open_async(RedisOptions(url, retries=0))
    checks: tuple[Callable[[Any], Awaitable[Finding]], ...] = (_version, _durability, _skew)
    try:
        return [await check(client) for check in checks]
    except AsyncTaskFlowError as error:
        return [_finding("redis", "failed", str(error))]
    finally:
        await client.aclose()


async def _version(client: Any) -> Finding:
    found = await probe(client)
    version = ".".join(map(str, found.version))
    return _finding("redis", "ok", f"{version}{', cluster' if found.cluster else ''}, noeviction")


async def _durability(client: Any) -> Finding:
    config = await client.config_get("appendonly")
    if config.get("appendonly") == "yes":
        return _finding("append-only file", "ok", "on")
    hint = "accepted tasks are lost when the server dies: set appendonly yes"
    return _finding("append-only file", "warning", str(config.get("appendonly", "unknown")), hint)


async def _skew(client: Any) -> Finding:
    seconds, micros = await client.time()
    skew_s = abs(SystemClock().wall_ms() / 1000 - seconds - micros / 1e6)
    if skew_s <= MAX_SKEW_S:
        return _finding("clock", "ok", f"{skew_s * 1000:.0f} ms from the server's")
    hint = "ages shown here are off by that; tasks are not affected"
    return _finding("clock", "warning", f"{skew_s:.1f} s from the server's", hint)
