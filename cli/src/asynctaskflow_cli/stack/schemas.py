"""Asks a worker what its function takes and gives, so that the API can show and check it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from asynctaskflow.model.function import FunctionManifest
from asynctaskflow_cli.stack.manifests import BadManifest
from asynctaskflow_cli.stack.program import worker_argv

DESCRIBE_S = 30.0
LAST_LINES = 3


async def with_schemas(
    manifest: FunctionManifest, folder: Path | None, env: Mapping[str, str]
) -> FunctionManifest:
    """The manifest with the schemas of its handler, which is imported in a process of its own.

    Raises:
        BadManifest: the handler cannot be loaded, or is another function's.
    """
    name, spec = manifest.metadata.name, manifest.spec
    told = await _describe(spec.handler, folder, {**env, **spec.env})
    if told["name"] != name:
        raise BadManifest(f"function {name}: {spec.handler} is function {told['name']!r}")
    schemas = {"input_schema": told["inputSchema"], "output_schema": told["outputSchema"]}
    return manifest.model_copy(update={"spec": spec.model_copy(update=schemas)})


async def _describe(handler: str, folder: Path | None, env: Mapping[str, str]) -> dict[str, object]:
    process = await asyncio.create_subprocess_exec(
        *worker_argv(handler, folder, "--describe"),
        env=dict(env),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DESCRIBE_S):
            out, err = await process.communicate()
    except TimeoutError:
        raise BadManifest(f"{handler}: not loaded within {DESCRIBE_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = " / ".join(err.decode(errors="replace").strip().splitlines()[-LAST_LINES:])
        raise BadManifest(f"{handler}: cannot be loaded: {last}")
    told: dict[str, object] = json.loads(out)
    return told
