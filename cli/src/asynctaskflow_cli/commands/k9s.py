"""``atf k9s``: puts our views, aliases, jumps, keys and actions into k9s, and takes exactly them out again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from asynctaskflow.clock import SystemClock
from asynctaskflow_cli import k9s_folder
from asynctaskflow_cli.k9s_folder import Change
from asynctaskflow_cli.render import say
from asynctaskflow_cli.settings import K9sFolders

k9s_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Folder = Annotated[
    Path | None, typer.Option("--dir", help="Folder of k9s; else the one that k9s itself reads.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what differs from ours; a copy is kept.")
]


@k9s_app.command()
def install(
    *, folder: Folder = None, dry_run: DryRun = False, overwrite: Overwrite = False
) -> None:
    """Add views, aliases, jumps, keys and actions; what is in the files already stays."""
    changes = k9s_folder.installation(_folders(folder), overwrite=overwrite)
    _carry_out(changes, dry_run=dry_run)
    for note in (note for change in changes for note in change.notes):
        say(f"Note: {note}; k9s takes only one of them")


@k9s_app.command()
def uninstall(
    *, folder: Folder = None, dry_run: DryRun = False, overwrite: Overwrite = False
) -> None:
    """Take out what install added, and nothing else."""
    _carry_out(k9s_folder.removal(_folders(folder), overwrite=overwrite), dry_run=dry_run)


def _folders(folder: Path | None) -> K9sFolders:
    return K9sFolders.below(folder) if folder else K9sFolders.from_env()


def _carry_out(changes: list[Change], *, dry_run: bool) -> None:
    now = datetime.fromtimestamp(SystemClock().wall_ms() / 1000, UTC)
    copies = {} if dry_run else k9s_folder.apply(changes, now=now)
    would = "would be " if dry_run else ""
    for change in changes:
        copy = copies.get(change.path)
        kept = f" (before: {copy.name})" if copy else ""
        print(f"{change.path}: {_outcome(change, would)}{kept}")


def _outcome(change: Change, would: str) -> str:
    if change.old == change.new:
        return "as it should be"
    if change.old is None:
        return f"{would}written"
    return f"{would}{'removed' if change.new is None else 'changed'}"
