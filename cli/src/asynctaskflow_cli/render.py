"""Prints data on stdout in the form asked for; messages go to stderr."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from asynctaskflow_cli.commands.options import Format
from asynctaskflow_cli.settings import CliSettings

Row = Mapping[str, Any]
PIPE_WIDTH = 10_000
STATE_STYLES = {
    "COMPLETED": "green",
    "ACTIVE": "cyan",
    "PENDING": "blue",
    "SCHEDULED": "yellow",
    "FAILED": "red",
    "DLQ": "magenta",
    "CANCELLED": "dim",
    "open": "red",
    "half_open": "yellow",
    "closed": "green",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its title, how to read a row, and whether only ``wide`` shows it."""

    title: str
    read: Callable[[Row], object]
    wide: bool = False


def out() -> Console:
    """The console on stdout; no colour off a terminal or with ``NO_COLOR``."""
    return Console(no_color=CliSettings.from_env().no_color, highlight=False, soft_wrap=True)


def show(rows: Sequence[Row], columns: Sequence[Column], form: Format, *, name: str = "id") -> None:
    """Print rows."""
    match form:
        case Format.JSON:
            print_json(list(rows))
        case Format.YAML:
            print_yaml(list(rows))
        case Format.NAME:
            print("\n".join(str(row[name]) for row in rows), end="\n" if rows else "")
        case Format.TABLE | Format.WIDE:
            _table(rows, [column for column in columns if form is Format.WIDE or not column.wide])


def show_one(row: Row, columns: Sequence[Column], form: Format, *, name: str = "id") -> None:
    """Print one row: as an object where data is asked for, as titles and values in a table."""
    match form:
        case Format.JSON:
            print_json(row)
        case Format.YAML:
            print_yaml(row)
        case Format.NAME:
            print(row[name])
        case Format.TABLE | Format.WIDE:
            _card(row, columns)


def print_json(value: object) -> None:
    """Indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_yaml(value: object) -> None:
    """YAML, in the order of the data."""
    print(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), end="")


def say(message: str) -> None:
    """A message for the person, not data."""
    print(message, file=sys.stderr)


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    if not rows:
        say("Nothing found.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.title, no_wrap=column is not columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*(styled(column.read(row)) for column in columns))
    _print(table)


def _card(row: Row, columns: Sequence[Column]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for column in columns:
        value = column.read(row)
        if value not in (None, "", [], {}):
            table.add_row(column.title, styled(value))
    _print(table)


def _print(table: Table) -> None:
    """As wide as its content where nobody looks: a pipe must not get shortened or padded cells."""
    console = out()
    if console.is_terminal:
        console.print(table)
        return
    console.width = PIPE_WIDTH
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def styled(value: object) -> str:
    """Markup for a cell: states coloured, everything else taken literally."""
    style = STATE_STYLES.get(str(value))
    text = "" if value is None else str(value)
    return f"[{style}]{text}[/]" if style else escape(text)
