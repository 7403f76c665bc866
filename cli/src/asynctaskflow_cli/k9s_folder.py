"""Changes the files in the folder of k9s, all of them or none, and never without a copy of what was there.

What a file is to become is decided in ``k9s_files``. Here everything is read and decided before anything is written.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml

from asynctaskflow_cli import k9s_files
from asynctaskflow_cli.exits import CommandError
from asynctaskflow_cli.k9s_files import Differs, NotMergeable
from asynctaskflow_cli.settings import K9sFolders

# Single files of k9s, which others write to as well, and the key that their entries are under.
MERGED = {"views": "views", "aliases": "aliases", "jumps": "jumps", "hotkeys": "hotKeys"}
BACKUP = re.compile(r"\.\d{8}T\d{6}(?:-\d+)?\.bak")
FRESH = ".atf-new"


@dataclass(frozen=True, slots=True)
class Change:
    """One file.

    Attributes:
        old: its text, ``None`` if it is not there.
        new: what it becomes; ``None``: it goes.
        stale: copies of ours that ``new`` says as well.
        copied: whether what was there is kept.
    """

    path: Path
    old: str | None
    new: str | None
    stale: tuple[Path, ...] = ()
    copied: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipped:
    """One of our files: its name, its text, and the key of its entries if it is merged."""

    name: str
    text: str
    top: str = ""

    @property
    def entries(self) -> dict[str, Any]:
        """What is under its key."""
        found: dict[str, Any] = yaml.safe_load(self.text)[self.top]
        return found

    def place(self, folders: K9sFolders) -> Path:
        """Where k9s reads it."""
        return (folders.files if self.top else folders.plugins) / self.name


def shipped() -> list[Shipped]:
    """Our files: in the installed package, else in the repository.

    Raises:
        CommandError: in neither.
    """
    packaged = files("asynctaskflow_cli") / "k9s"
    if packaged.is_dir():
        with as_file(packaged) as folder:
            return list(_read_shipped(folder))
    for parent in Path(__file__).resolve().parents:
        if (parent / "k9s" / "views.yaml").is_file():
            return list(_read_shipped(parent / "k9s"))
    raise CommandError("the files for k9s are not found", hint="install the wheel again")


def installation(folders: K9sFolders, *, overwrite: bool) -> list[Change]:
    """What installing changes.

    Raises:
        CommandError: some file must not be changed; says which ones and why.
    """

    def wanted(ours: Shipped, old: str | None) -> str:
        if not ours.top:
            return k9s_files.whole(old, ours.text, overwrite=overwrite)
        return k9s_files.with_entries(old, ours.top, ours.entries, overwrite=overwrite)

    def change(ours: Shipped) -> Change:
        path = ours.place(folders)
        old = _read(path)
        new = wanted(ours, old)
        notes = (
            k9s_files.same_shortcuts(new, ours.top, ours.entries) if ours.top == "hotKeys" else ()
        )
        return Change(path, old, new, notes=tuple(notes))

    return _decided(change, "add --overwrite to replace them; a copy is kept")


def removal(folders: K9sFolders, *, overwrite: bool) -> list[Change]:
    """What taking everything out again changes.

    Raises:
        CommandError: something of ours was edited; says where.
    """

    def change(ours: Shipped) -> Change:
        path = ours.place(folders)
        old = _read(path)
        parted = k9s_files.part(old, ours.top)
        new = k9s_files.without_ours(old, ours.top, overwrite=overwrite)
        stale = tuple(_stale(path, ours.top, new)) if parted.ours else ()
        return Change(path, old, new, stale, copied=parted.edited)

    return _decided(change, "add --overwrite to take it out all the same; a copy is kept")


def apply(changes: Sequence[Change], *, now: datetime) -> dict[Path, Path]:
    """Write them; if one fails, those before it are as they were.

    Args:
        now: in the names of the copies.

    Returns:
        File -> the copy of what was there.

    Raises:
        CommandError: nothing was changed.
    """
    todo = [change for change in changes if change.old != change.new]
    copies: dict[Path, Path] = {}
    done: list[Change] = []
    try:
        for change in todo:
            _prepare(change)
        for change in todo:
            if change.copied and change.old is not None:
                copies[change.path] = _copy(change.path, now)
        for change in todo:
            done.append(change)
            _settle(change)
    except OSError as error:
        _undo(done, todo, copies.values())
        raise CommandError(f"nothing was changed: {error}") from error
    for change in changes:
        _tidy(change)
    return copies


def _decided(change: Callable[[Shipped], Change], hint: str) -> list[Change]:
    """Of every file; all complaints at once, so that nobody has to come back for the next one."""
    changes: list[Change] = []
    refused: list[str] = []
    may_overwrite = True
    for ours in shipped():
        try:
            changes.append(change(ours))
        except NotMergeable as error:
            refused.append(f"{ours.name} {error}")
            may_overwrite = may_overwrite and isinstance(error, Differs)
    if refused:
        told = f"nothing was changed: {'; '.join(refused)}"
        raise CommandError(told, hint=hint if may_overwrite else "")
    return changes


def _read_shipped(folder: Path) -> Iterator[Shipped]:
    for stem, top in MERGED.items():
        path = folder / f"{stem}.yaml"
        yield Shipped(path.name, path.read_text(encoding="utf-8"), top)
    for path in sorted((folder / "plugins").glob("*.yaml")):
        yield Shipped(path.name, path.read_text(encoding="utf-8"))


def _read(path: Path) -> str | None:
    """The text with its line ends as they are."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise NotMergeable("is not UTF-8") from error
    except OSError as error:
        raise NotMergeable(f"cannot be read: {error.strerror}") from error


def _stale(path: Path, top: str, restored: str | None) -> Iterator[Path]:
    """Copies that hold nothing but what is there again."""
    for copy in sorted(path.parent.glob(f"{path.name}.*.bak")):
        if BACKUP.fullmatch(copy.name.removeprefix(path.name)):
            with suppress(NotMergeable):
                parted = k9s_files.part(_read(copy), top)
                if parted.base == restored and not parted.edited:
                    yield copy


def _prepare(change: Change) -> None:
    """Write the new text beside the file that a link may point to."""
    if change.new is None:
        return
    target = change.path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh(target)
    fresh.write_bytes(change.new.encode())
    if target.exists():
        shutil.copymode(target, fresh)


def _settle(change: Change) -> None:
    target = change.path.resolve()
    if change.new is None:
        target.unlink()
    else:
        _fresh(target).replace(target)


def _copy(path: Path, now: datetime) -> Path:
    stamp = f"{now:%Y%m%dT%H%M%S}"
    names = [f"{path.name}.{stamp}.bak", *(f"{path.name}.{stamp}-{n}.bak" for n in range(1, 100))]
    copy = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    shutil.copy2(path, copy)
    return copy


def _undo(done: Sequence[Change], todo: Sequence[Change], copies: Iterable[Path]) -> None:
    for change in done:
        with suppress(OSError):
            target = change.path.resolve()
            if change.old is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(change.old.encode())
    for path in [*(_fresh(change.path.resolve()) for change in todo), *copies]:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    for change in todo:
        _drop_empty(change.path.parent)


def _tidy(change: Change) -> None:
    """Afterwards: copies that say nothing new, and the folder of plugins if nothing is left in it."""
    for copy in change.stale:
        copy.unlink(missing_ok=True)
    if change.new is None:
        _drop_empty(change.path.parent)


def _drop_empty(folder: Path) -> None:
    if folder.name == "plugins":
        with suppress(OSError):  # it is not empty
            folder.rmdir()


def _fresh(target: Path) -> Path:
    return target.with_name(f".{target.name}{FRESH}")
