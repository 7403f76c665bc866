"""Functions, their queues and their workers."""

from typing import Annotated

import typer

from asynctaskflow_cli import paths, times
from asynctaskflow_cli.client import connect
from asynctaskflow_cli.commands.options import Format, Output, Server
from asynctaskflow_cli.render import Column, Row, show, show_one
from asynctaskflow_cli.settings import CliSettings

Name = Annotated[str, typer.Argument(metavar="FUNCTION")]


def _state(name: str, title: str = "", *, wide: bool = False) -> Column:
    return Column(title or name, lambda row: row["depths"]["states"].get(name, 0), wide)


def _oldest(row: Row) -> str:
    seconds = row["depths"].get("oldest_pending_seconds") or 0
    return times.span(seconds) if seconds else ""


FUNCTIONS = (
    Column("FUNCTION", lambda row: row["name"]),
    _state("PENDING"),
    _state("ACTIVE"),
    _state("SCHEDULED"),
    _state("DLQ"),
    _state("FAILED", wide=True),
    _state("CANCELLED", wide=True),
    _state("COMPLETED"),
    Column("OLDEST", _oldest),
    Column("PAUSED", lambda row: "paused" if row.get("paused") else ""),
    Column("DESCRIPTION", lambda row: row.get("description", ""), wide=True),
)
FUNCTION = (
    Column("function", lambda row: row["name"]),
    Column("description", lambda row: row.get("description")),
    Column("paused", lambda row: "yes" if row.get("paused") else ""),
    Column("handler", lambda row: row["spec"].get("handler")),
    Column("dependencies", lambda row: ", ".join(row["spec"].get("dependencies", []))),
    Column("states", lambda row: _counts(row["depths"]["states"])),
    Column("oldest waiting", _oldest),
    Column("workers", lambda row: len(row.get("workers", []))),
    Column("input", lambda row: ", ".join((row.get("input_schema") or {}).get("properties", {}))),
)
WORKERS = (
    Column("WORKER", lambda row: row["worker_id"]),
    Column("FUNCTION", lambda row: row.get("function")),
    Column("STATUS", lambda row: row.get("status")),
    Column("STATE", lambda row: row.get("state")),
    Column("BUSY", lambda row: f"{row.get('active', 0)}/{row.get('slots', 0)}"),
    Column("DONE", lambda row: row.get("completed")),
    Column("FAILED", lambda row: row.get("failed")),
    Column("HEARTBEAT", lambda row: times.span(row.get("heartbeat_age_seconds") or 0)),
    Column("MEDIAN", lambda row: f"{row.get('median_run_ms') or 0:.0f}ms", wide=True),
    Column("HOST", lambda row: row.get("host"), wide=True),
    Column("PID", lambda row: row.get("pid"), wide=True),
    Column("POD", lambda row: row.get("pod"), wide=True),
    Column("TASKS", lambda row: " ".join(row.get("active_tasks") or []), wide=True),
)
DECISIONS = (
    Column("AT", lambda row: row["at"]),
    Column("WORKERS", lambda row: f"{row['previous']} -> {row['replicas']}"),
    Column("READY", lambda row: row["ready"]),
    Column("LIMITED BY", lambda row: "" if row["limited_by"] == "None" else row["limited_by"]),
    Column("REASON", lambda row: row["reason"]),
)


def _counts(states: Row) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items() if count) or "no tasks"


def functions(
    name: Annotated[str, typer.Argument(metavar="[FUNCTION]")] = "",
    *,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """List functions with their depths, or show one."""
    with connect(CliSettings.from_env(), server) as api:
        if name:
            show_one(api.get(paths.function(name)), FUNCTION, output, name="name")
        else:
            show(api.get(paths.FUNCTIONS)["functions"], FUNCTIONS, output, name="name")


def status(*, server: Server = "", output: Output = Format.TABLE) -> None:
    """Depths of all queues together and of each function."""
    with connect(CliSettings.from_env(), server) as api:
        found = api.get(paths.STATUS)
    total = {"name": "(all)", "depths": found}
    each = [
        {"name": name, "depths": depths, "paused": depths.get("paused")}
        for name, depths in found["functions"].items()
    ]
    match output:
        case Format.JSON | Format.YAML:
            show_one(found, (), output)
        case _:
            show([*each, total], FUNCTIONS, output, name="name")


def scaling(name: Name, *, server: Server = "", output: Output = Format.TABLE) -> None:
    """Show the last scaling decisions of a function with their reasons, newest first."""
    with connect(CliSettings.from_env(), server) as api:
        found = api.get(paths.function(name, "scaling"))["decisions"]
    show(found, DECISIONS, output, name="at")


def pause(name: Name, *, server: Server = "") -> None:
    """Stop handing out a function's tasks; what runs goes on, new ones are accepted."""
    _set(name, "pause", server)


def resume(name: Name, *, server: Server = "") -> None:
    """Hand out a function's tasks again."""
    _set(name, "resume", server)


def _set(name: str, verb: str, server: str) -> None:
    with connect(CliSettings.from_env(), server) as api:
        answer = api.post(paths.function(name, verb))
    print(f"{name} {'paused' if answer.get('paused') else 'running'}")


def workers(*, server: Server = "", output: Output = Format.TABLE) -> None:
    """List workers, newest heartbeat first."""
    with connect(CliSettings.from_env(), server) as api:
        show(api.get(paths.WORKERS)["worker_details"], WORKERS, output, name="worker_id")
