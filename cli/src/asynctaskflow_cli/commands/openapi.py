"""``atf openapi``: the API's document, without a server."""

import json
import subprocess
import sys

import typer

from asynctaskflow_cli.commands.options import Format, Output
from asynctaskflow_cli.exits import CommandError
from asynctaskflow_cli.render import print_yaml

PROGRAM = """
import json
from asynctaskflow_api.app import openapi_document
from asynctaskflow_api.settings import ApiSettings
print(json.dumps(openapi_document(ApiSettings()), indent=2, ensure_ascii=False))
"""


def openapi(output: Output = Format.JSON) -> None:
    """Print the OpenAPI document (the API is a program of its own, it prints it itself)."""
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise CommandError(
            f"the API's program failed: {last[0]}", hint="is asynctaskflow-api installed?"
        )
    if output is Format.YAML:
        print_yaml(json.loads(done.stdout))
        return
    typer.echo(done.stdout, nl=False)
