"""Asks before something cannot be undone."""

import sys

import typer

from asynctaskflow_cli.exits import UsageProblem
from asynctaskflow_cli.render import say

SHOWN = 5


def confirmed(what: str, sample: list[str], *, ask: bool, dry_run: bool) -> bool:
    """Whether to go on.

    Raises:
        UsageProblem: there is nobody to ask.
    """
    if dry_run or ask:
        more = f" … and {len(sample) - SHOWN} more" if len(sample) > SHOWN else ""
        say(f"{'Would ' if dry_run else 'About to '}{what}: {' '.join(sample[:SHOWN])}{more}")
    if dry_run:
        return False
    if not ask:
        return True
    if not sys.stdin.isatty():
        raise UsageProblem("nobody to ask", hint="add --yes")
    return typer.confirm("Go on?", err=True)
