"""Circuit breakers and rate limits of the dependencies."""

from typing import Annotated

import typer

from asynctaskflow_cli import paths
from asynctaskflow_cli.client import connect
from asynctaskflow_cli.commands.options import Format, Output, Server
from asynctaskflow_cli.render import Column, Row, show
from asynctaskflow_cli.settings import CliSettings

breaker_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="DEPENDENCY")]


def _breaker(row: Row, field: str) -> object:
    return row["breaker"].get(field)


def _limiter(row: Row, field: str) -> object:
    return row["limiter"].get(field)


BREAKERS = (
    Column("DEPENDENCY", lambda row: row["name"]),
    Column("STATE", lambda row: _breaker(row, "state")),
    Column("OVERRIDE", lambda row: _breaker(row, "override")),
    Column("CALLS", lambda row: _breaker(row, "calls")),
    Column("FAILED", lambda row: _breaker(row, "failures")),
    Column("SINCE", lambda row: _breaker(row, "since")),
    Column("NEXT-ATTEMPT", lambda row: _breaker(row, "next_attempt_at") or ""),
)
LIMITS = (
    Column("DEPENDENCY", lambda row: row["name"]),
    Column("REQUESTS", lambda row: _limiter(row, "requests") or "no limit"),
    Column("PER-S", lambda row: _limiter(row, "interval_seconds") or ""),
    Column("CAPACITY", lambda row: _limiter(row, "capacity") or ""),
    Column("TOKENS", lambda row: _limiter(row, "tokens") if _limiter(row, "limited") else ""),
    Column("WAITING", lambda row: _limiter(row, "waiting")),
    Column("SOURCE", lambda row: _limiter(row, "source") or ""),
    Column("SLEEPS-UNTIL", lambda row: _limiter(row, "sleeping_until") or ""),
    Column("GRANTS", lambda row: _limiter(row, "grants"), wide=True),
    Column("THROTTLED", lambda row: _limiter(row, "throttled"), wide=True),
)


@breaker_app.command("show")
def show_breakers(
    name: Annotated[str, typer.Argument(metavar="[DEPENDENCY]")] = "",
    *,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """Show the breakers of all dependencies, or of one."""
    _show(name, server, BREAKERS, output)


@breaker_app.command("open")
def open_breaker(name: Name, *, server: Server = "", output: Output = Format.TABLE) -> None:
    """Open by hand: no calls until it is closed or released."""
    _turn(name, "open", server, output)


@breaker_app.command("close")
def close_breaker(name: Name, *, server: Server = "", output: Output = Format.TABLE) -> None:
    """Close by hand: every call passes, whatever fails."""
    _turn(name, "close", server, output)


@breaker_app.command("auto")
def release_breaker(name: Name, *, server: Server = "", output: Output = Format.TABLE) -> None:
    """Let the calls decide again, starting closed."""
    _turn(name, "reset", server, output)


def limits(*, server: Server = "", output: Output = Format.TABLE) -> None:
    """Show the rate limits that all workers share."""
    _show("", server, LIMITS, output)


def _turn(name: str, verb: str, server: str, form: Format) -> None:
    with connect(CliSettings.from_env(), server) as api:
        api.post(paths.dependency(name, verb))
    _show(name, server, BREAKERS, form)


def _show(name: str, server: str, columns: tuple[Column, ...], form: Format) -> None:
    with connect(CliSettings.from_env(), server) as api:
        if name:
            rows = [api.get(paths.dependency(name))]
        else:
            rows = api.get(paths.DEPENDENCIES)["dependencies"]
    show(rows, columns, form, name="name")
