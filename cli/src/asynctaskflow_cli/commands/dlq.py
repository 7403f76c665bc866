"""The dead-letter queue: what is in it, and back into the queue with it."""

from typing import Annotated

import typer

from asynctaskflow_cli import paths
from asynctaskflow_cli.bulk import BulkPlan, carry_out
from asynctaskflow_cli.client import connect
from asynctaskflow_cli.commands.options import DryRun, Format, Output, Server, Yes
from asynctaskflow_cli.commands.tasks import list_tasks, retry
from asynctaskflow_cli.exits import UsageProblem
from asynctaskflow_cli.render import Column, Row, say, show
from asynctaskflow_cli.settings import CliSettings

dlq_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
ErrorClass = Annotated[
    str, typer.Option("--error", help="Only with this error class, or class/fingerprint.")
]
GROUPS = (
    Column("FUNCTION", lambda row: row["function"]),
    Column("ERROR", lambda row: row["error_class"]),
    Column("FINGERPRINT", lambda row: row["fingerprint"]),
    Column("TASKS", lambda row: row["count"]),
    Column("FIRST", lambda row: row["first_at"], wide=True),
    Column("LAST", lambda row: row["last_at"], wide=True),
    Column("NEWEST", lambda row: next(iter(row["newest"]), "")),
    Column("MESSAGE", lambda row: row.get("last_error", "")),
)


@dlq_app.command("ls")
def dlq_ls(
    function: Annotated[str, typer.Argument(metavar="[FUNCTION]")] = "",
    *,
    error: ErrorClass = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 50,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """List dead-lettered tasks, newest first."""
    list_tasks(function, state="DLQ", error=error, limit=limit, server=server, output=output)


@dlq_app.command("groups")
def dlq_groups(*, server: Server = "", output: Output = Format.TABLE) -> None:
    """Count dead-lettered tasks by function, error class and fingerprint, largest group first."""
    with connect(CliSettings.from_env(), server) as api:
        found = api.get(paths.DLQ_GROUPS)
    groups = found["groups"]
    if output is Format.NAME:
        groups = [{"name": _filter(group)} for group in groups]
    show(groups, GROUPS, output, name="name")
    if found["more"]:
        say(f"And {found['more']} task(s) in other groups.")


def _filter(group: Row) -> str:
    """What ``--error`` takes for this group."""
    return "/".join(filter(None, (group["error_class"], group["fingerprint"])))


def redrive(
    tasks: Annotated[list[str] | None, typer.Argument(metavar="[TASK...]")] = None,
    *,
    function: Annotated[str, typer.Option("--function", "-f", help="All of this function's.")] = "",
    error: ErrorClass = "",
    rate: Annotated[float, typer.Option(min=0, help="Tasks per second; 0: at once.")] = 0,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="At most so many; 0: all.")
    ] = 0,
    reset: Annotated[bool, typer.Option(help="Give them all their attempts again.")] = True,
    server: Server = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Queue dead-lettered tasks again: those named, or all of a function."""
    if bool(tasks) == bool(function):
        raise UsageProblem("name tasks, or --function", hint="atf dlq groups")
    if tasks:
        retry(tasks, reset=reset, server=server, dry_run=dry_run)
        return
    where = {"function": function, "state": "DLQ", "error_class": error}
    plan = BulkPlan("redrive", where, rate=rate, limit=limit, reset_failures=reset)
    with connect(CliSettings.from_env(), server) as api:
        done = carry_out(api, plan, dry_run=dry_run, ask=not yes)
    if done:
        say(", ".join(f"{count} {outcome}" for outcome, count in done.items()))
