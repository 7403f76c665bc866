"""``atf bench``: hands over to the suite in ``benchmarks/``, which lives in the repository only."""

import subprocess
import sys
from pathlib import Path

import typer

from asynctaskflow_cli.exits import CommandError

bench_app = typer.Typer(add_completion=False, rich_markup_mode=None)
ENTRY = Path("benchmarks") / "__main__.py"


@bench_app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def bench(ctx: typer.Context) -> None:
    """Run the benchmark suite (its own --help lists the options)."""
    folder = next(
        (place for place in (Path.cwd(), *Path.cwd().parents) if (place / ENTRY).is_file()), None
    )
    if folder is None:
        raise CommandError("no benchmarks/ here", hint="run it in a checkout of the repository")
    argv = [sys.executable, str(ENTRY.parent), *ctx.args]
    raise typer.Exit(subprocess.run(argv, cwd=folder, check=False).returncode)
