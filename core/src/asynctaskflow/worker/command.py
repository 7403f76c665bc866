"""``atf-worker module:function``: run a function's worker, or print what the function is."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import uvloop
from pydantic import ValidationError

from asynctaskflow import logs
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.settings import WorkerSettings
from asynctaskflow.worker.definition import FunctionDefinition
from asynctaskflow.worker.discovery import BadUsage, find_function
from asynctaskflow.worker.manifest import BadManifest, read_manifest
from asynctaskflow.worker.process import WorkerProcess, lay_ground
from asynctaskflow.worker.stopping import Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run; ends the process with an exit code of ``stopping.Exit``."""
    options = _parser().parse_args(arguments)
    try:
        code = _run(options)
    except (BadUsage, BadManifest, OSError) as error:
        sys.stderr.write(f"atf-worker: {error}\n")
        code = int(Exit.USAGE)
    raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="atf-worker",
        description="Run a function's worker. Settings: environment variables ATF_<NAME>.",
        epilog="Exit codes: 0 stopped, 2 cannot start, 70 a handler hung, 75 start me again.",
    )
    parser.add_argument("handler", metavar="module:function", help="a function made by @function")
    parser.add_argument("--manifest", type=Path, help="function.yaml (ATF_MANIFEST)")
    parser.add_argument(
        "--describe", action="store_true", help="print name, schemas and dependencies as JSON"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    definition = find_function(options.handler)
    if options.describe:
        described = orjson.dumps(definition.describe(), option=orjson.OPT_INDENT_2)
        sys.stdout.write(described.decode() + "\n")
        return int(Exit.STOPPED)
    settings = _settings()
    if settings.function not in {"", definition.name}:
        raise BadUsage(
            f"{options.handler} is the function {definition.name!r}, not {settings.function!r}: "
            "name the Function like its handler"
        )
    own = _own_spec(definition, options.manifest or settings.manifest)
    logs.configure(level=settings.log_level, style=settings.log_format)
    process = WorkerProcess(lay_ground(definition, options.handler, settings), own)
    gc.freeze()
    gc.enable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(process.run())


def _settings() -> WorkerSettings:
    try:
        return WorkerSettings()
    except ValidationError as error:
        wrong = "; ".join(
            f"ATF_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()
        )
        raise BadUsage(f"settings: {wrong}") from error


def _own_spec(
    definition: FunctionDefinition[Any, Any, Any], path: Path | None
) -> FunctionSpec | None:
    if path is None:
        return None
    manifest = read_manifest(path)
    if manifest.metadata.name != definition.name:
        raise BadUsage(f"{path} is for {manifest.metadata.name!r}, not for {definition.name!r}")
    return manifest.spec
