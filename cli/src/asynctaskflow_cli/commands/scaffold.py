"""``atf init``: a function of one's own, as a handler and a manifest that ``atf up --functions`` runs."""

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
  handler: {module}:{module}
  description: Counts words.
  scaling:
    maxReplicas: 4
"""


def init(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    folder: Annotated[Path | None, typer.Option(help="Where; else a folder of that name.")] = None,
) -> None:
    """Write a handler and its function.yaml."""
    if not FUNCTION_NAME.fullmatch(name):
        raise UsageProblem(f"{name!r}: lower-case letters, digits and dashes, at most 40")
    module = re.sub(r"\W", "_", name)
    module = f"f_{module}" if module[0].isdigit() else module
    place = folder or Path(name)
    files = {f"{module}.py": HANDLER, "function.yaml": MANIFEST}
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
