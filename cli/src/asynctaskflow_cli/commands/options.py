"""Options that many commands share."""

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Output = Annotated[Format, typer.Option("-o", "--output", help="How to print the answer.")]
Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", help="The API; else ATF_SERVER, else the local stack."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]
TaskIds = Annotated[list[str], typer.Argument(metavar="TASK...", help="Task ids.")]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0, help="Seconds to wait; exit code 4 after.")
]
