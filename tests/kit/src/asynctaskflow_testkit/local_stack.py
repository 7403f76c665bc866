"""A local stack of one function, without the API: what the supervisor does can be watched alone."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.manifests import load
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.stack import Plan, Stack, running


@asynccontextmanager
async def stack_of(name: str, spec: Mapping[str, Any], *, folder: Path) -> AsyncIterator[Stack]:
    """The running stack of one function; manifest and data are in the folder."""
    file = folder / "function.yaml"
    manifest = {
        "apiVersion": "asynctaskflow.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": name},
        "spec": dict(spec),
    }
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    plan = Plan(
        manifests=load([file], shipped=False),
        data_dir=folder / "data",
        env=inherited_environment(),
        with_api=False,
        grace_s=5,
    )
    async with running(plan, Console(stream=io.StringIO())) as stack:
        yield stack
