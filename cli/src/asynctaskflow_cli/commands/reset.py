"""``atf reset``: an empty queue again. The only command that destroys without naming tasks."""

from collections import Counter
from typing import Annotated

import typer

from asynctaskflow_cli import paths
from asynctaskflow_cli.bulk import BulkPlan, carry_out
from asynctaskflow_cli.client import connect
from asynctaskflow_cli.commands.options import DryRun, Server
from asynctaskflow_cli.exits import UsageProblem
from asynctaskflow_cli.render import say
from asynctaskflow_cli.settings import CliSettings


def reset(
    function: Annotated[str, typer.Argument(metavar="[FUNCTION]", help="All if absent.")] = "",
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="Yes, delete everything.")] = False,
    dry_run: DryRun = False,
    server: Server = "",
) -> None:
    """Delete every task of a function, or of all, with inputs and results; running ones lose their lease."""
    if not confirm and not dry_run:
        raise UsageProblem("this deletes every task", hint="add --confirm, or look with --dry-run")
    with connect(CliSettings.from_env(), server) as api:
        names = (
            [function] if function else [f["name"] for f in api.get(paths.FUNCTIONS)["functions"]]
        )
        done: Counter[str] = Counter()
        for name in names:
            plan = BulkPlan("delete", {"function": name})
            done += carry_out(api, plan, dry_run=dry_run, ask=False)
    if not dry_run:
        say(f"{done['done']} tasks deleted")
