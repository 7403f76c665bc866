"""Finds and reads the manifests that the local stack runs: the same files that a cluster is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml
from pydantic import ValidationError

from asynctaskflow.model.dependency import DependencyManifest
from asynctaskflow.model.function import FunctionManifest

SHIPPED_FUNCTIONS = ("asynctaskflow_summarize", "asynctaskflow_pdfxtract")
SHIPPED_DEPENDENCIES = ("asynctaskflow_openrouter",)
KINDS: dict[str, type[FunctionManifest] | type[DependencyManifest]] = {
    "Function": FunctionManifest,
    "Dependency": DependencyManifest,
}


class BadManifest(Exception):
    """A manifest cannot be used; the message names file and field."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """What to run.

    Attributes:
        folders: where the handlers of functions that are not shipped may lie: beside their manifests.
    """

    functions: tuple[FunctionManifest, ...]
    dependencies: tuple[DependencyManifest, ...]
    folders: Mapping[str, Path]


def load(extra: Sequence[Path] = (), *, shipped: bool = True) -> Manifests:
    """The shipped manifests and those of the given files and folders; a later one replaces its namesake.

    Raises:
        BadManifest
    """
    own = {file: _read(file) for path in extra for file in _files(path)}
    theirs = [
        manifest for file in (_shipped_files() if shipped else ()) for manifest in _read(file)
    ]
    found = [*theirs, *(manifest for manifests in own.values() for manifest in manifests)]
    functions = {m.metadata.name: m for m in found if isinstance(m, FunctionManifest)}
    dependencies = {m.metadata.name: m for m in found if isinstance(m, DependencyManifest)}
    for function in functions.values():
        for name in function.spec.dependencies:
            if name not in dependencies:
                raise BadManifest(
                    f"function {function.metadata.name}: dependency {name!r} has no manifest"
                )
    folders = {m.metadata.name: file.resolve().parent for file in own for m in own[file]}
    return Manifests(tuple(functions.values()), tuple(dependencies.values()), folders)


def _shipped_files() -> Iterable[Path]:
    for package in SHIPPED_DEPENDENCIES:
        yield from _beside(package, "dependency.yaml")
    for package in SHIPPED_FUNCTIONS:
        yield from _beside(package, "function.yaml")


def _beside(package: str, name: str) -> Iterable[Path]:
    """In the installed package, or in the member's folder of the repository; never imports it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0])
    for candidate in (folder / name, folder.parent.parent / name):
        if candidate.is_file():
            yield candidate
            return


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadManifest(f"{path}: no such file or folder")
    found = sorted(
        {*path.glob("*.y*ml"), *path.glob("*/function.yaml"), *path.glob("*/dependency.yaml")}
    )
    if not found:
        raise BadManifest(f"{path}: no function.yaml in it")
    return found


def _read(file: Path) -> list[FunctionManifest | DependencyManifest]:
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadManifest(f"{file}: {error}") from error
    return [_parse(file, document) for document in documents if document is not None]


def _parse(file: Path, document: object) -> FunctionManifest | DependencyManifest:
    kind = document.get("kind") if isinstance(document, dict) else None
    model = KINDS.get(str(kind))
    if model is None:
        raise BadManifest(f"{file}: kind: expected Function or Dependency, got {kind!r}")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadManifest(f"{file}: {where}: {first['msg']}") from error
