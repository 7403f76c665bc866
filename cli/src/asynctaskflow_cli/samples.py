"""The sample documents of ``atf demo``: shipped in the wheel, else found in the repository."""

from importlib.resources import as_file, files
from pathlib import Path

from asynctaskflow_cli.exits import CommandError

TEXT, PDF = "article.txt", "gazette.pdf"
IN_REPOSITORY = Path("examples") / "samples"


def find(name: str) -> Path:
    """Path of a sample.

    Raises:
        CommandError: it is in neither place.
    """
    shipped = files("asynctaskflow_cli") / "samples" / name
    if shipped.is_file():
        with as_file(shipped) as path:
            return path
    for folder in (Path(__file__).resolve(), Path.cwd() / "here"):
        for parent in folder.parents:
            path = parent / IN_REPOSITORY / name
            if path.is_file():
                return path
    raise CommandError(
        f"sample {name} not found", hint="run it in a checkout, or install the wheel"
    )
