"""Asks a worker what its function takes and gives, so that the API can show and check it."""

import asyncio
import json
import sys
from collections.abc import Mapping

from asynctaskflow.model.function import FunctionManifest
from asynctaskflow_cli.stack.manifests import BadManifest

DESCRIBE_S = 30.0
LAST_LINES = 3


async def with_schemas(manifest: FunctionManifest, env: Mapping[str, str]) -> FunctionManifest:
    """The manifest with the schemas of its handler, which is imported in a process of its own.

    Raises:
        BadManifest: the handler cannot be loaded, or is another function's.
    """
    name, spec = manifest.metadata.name, manifest.spec
    told = await _describe(spec.handler, {**env, **spec.env})
    if told["name"] != name:
        raise BadManifest(f"function {name}: {spec.handler} is function {told['name']!r}")
    schemas = {"input_schema": told["inputSchema"], "output_schema": told["outputSchema"]}
    return manifest.model_copy(update={"spec": spec.model_copy(update=schemas)})


async def _describe(handler: str, env: Mapping[str, str]) -> dict[str, object]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "asynctaskflow.worker.main", handler, "--describe"),
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DESCRIBE_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise BadManifest(f"{handler}: not loaded within {DESCRIBE_S:g} s") from None
    if process.returncode:
        last = " / ".join(err.decode(errors="replace").strip().splitlines()[-LAST_LINES:])
        raise BadManifest(f"{handler}: cannot be loaded: {last}")
    told: dict[str, object] = json.loads(out)
    return told
