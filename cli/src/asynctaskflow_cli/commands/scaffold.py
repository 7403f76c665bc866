"""``atf init``: a function of one's own: a handler, a manifest for ``atf up --functions`` and clusters, a Dockerfile."""

import re
from pathlib import Path
from typing import Annotated

import typer

from asynctaskflow.model.task import FUNCTION_NAME
from asynctaskflow_cli.exits import CommandError, UsageProblem
from asynctaskflow_cli.render import say

HANDLER = '''"""What {name} does."""

from pydantic import BaseModel

from asynctaskflow import Context, function


class Input(BaseModel):
    text: str


class Output(BaseModel):
    words: int


@function(name="{name}", input=Input, output=Output)
async def {module}(task: Input, ctx: Context) -> Output:
    return Output(words=len(task.text.split()))
'''
MANIFEST = """# What 'atf up --functions' runs here, and 'kubectl apply -f' in a cluster.
apiVersion: asynctaskflow.dev/v1alpha1
kind: Function
metadata:
  name: {name}
spec:
  image: {name}:1 # for clusters: docker build -t {name}:1 .
  handler: {module}:{module}
  description: Counts words.
  scaling:
    maxReplicas: 4
"""
DOCKERFILE = """# An image of this function for a cluster.
ARG BASE=asynctaskflow/function-base:0.1.0
FROM ${{BASE}}
COPY {module}.py /app/
CMD ["{module}:{module}"]
"""


def init(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    folder: Annotated[Path | None, typer.Option(help="Where; else a folder of that name.")] = None,
) -> None:
    """Write a handler, its function.yaml and its Dockerfile."""
    if not FUNCTION_NAME.fullmatch(name):
        raise UsageProblem(f"{name!r}: lower-case letters, digits and dashes, at most 40")
    module = re.sub(r"\W", "_", name)
    module = f"f_{module}" if module[0].isdigit() else module
    place = folder or Path(name)
    files = {f"{module}.py": HANDLER, "function.yaml": MANIFEST, "Dockerfile": DOCKERFILE}
    taken = [file for file in files if (place / file).exists()]
    if taken:
        raise CommandError(f"{place / taken[0]} exists already")
    place.mkdir(parents=True, exist_ok=True)
    for file, template in files.items():
        text = template.format(name=name, module=module)
        (place / file).write_text(text, encoding="utf-8")
        print(place / file)
    say(f"Run it:  atf up --functions {place}")
    say(f'Call it: atf submit {name} --input \'{{"text": "three small words"}}\' --wait')
