"""The tree keeps the shape that makes it importable anywhere.

`operator/` is a folder of this project and `operator` is a module of the standard library. Python
prefers ours as soon as the folder holds an `__init__.py` and stands on `sys.path`, and then fails in
places that have nothing to do with it. So no folder on the way to a `src/` is ever a package.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = sorted(
    path.parent
    for pattern in ("*/pyproject.toml", "functions/*/pyproject.toml", "tests/kit/pyproject.toml")
    for path in ROOT.glob(pattern)
)
# Written in pieces, so that this file is not its own first finding.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("maven", "org"),
        ("debian", "org"),
    )
]
FORBIDDEN_TEXT = {
    "a package registry's host": re.compile(
        r"[/.@]?(?:" + "|".join(re.escape(host) for host in REGISTRY_HOSTS) + r")\b"
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.$}/])/(?:work|root|home/\w+)/\w"),
    "a provider's key": re.compile(r"\bsk-(?:or-v1-)?[0-9a-f]{32,}"),
    "a private key": re.compile(r"-----BEGIN (?:\w+ )?PRIVATE KEY"),
}


def test_no_folder_at_the_top_is_a_package():
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py")]

    assert packages == []


def test_no_folder_of_tests_is_a_package():
    outside_src = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("__init__.py")
        if not path.is_relative_to(ROOT / "tests/kit/src")
    ]

    assert outside_src == []


@pytest.mark.parametrize("start", [["-c"], ["-m", "timeit", "-n", "1", "-r", "1"]], ids=["c", "m"])
def test_operator_is_the_standard_librarys(start):
    check = "import operator; operator.eq(1, 1); import collections, asynctaskflow"

    subprocess.run([sys.executable, *start, check], cwd=ROOT, check=True, capture_output=True)


def test_no_module_is_named_like_one_of_the_standard_librarys():
    shadows = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if _module_name(path) in sys.stdlib_module_names
    ]

    assert shadows == []


def test_no_two_test_files_share_a_name():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_each_member_holds_one_typed_package(member):
    packages = [path for path in (member / "src").iterdir() if path.is_dir()]

    assert [path.name.startswith("asynctaskflow") for path in packages] == [True]
    assert (packages[0] / "py.typed").is_file()


def test_no_file_names_a_registry_a_machine_or_a_secret():
    findings = [
        f"{path.relative_to(ROOT)}:{number}: {what}"
        for path in _files()
        for number, line in enumerate(_lines(path), start=1)
        for what, pattern in FORBIDDEN_TEXT.items()
        if pattern.search(line)
    ]

    assert findings == []


def _files() -> Iterator[Path]:
    """Every file that is, or is about to be, under version control."""
    for path in _listed_by_git() or _not_ignored():
        if path.is_file() and not path.is_symlink():
            yield path


def _listed_by_git() -> list[Path]:
    """Nothing where there is no git, no checkout, or one that git does not trust."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return [ROOT / name for name in listing.split("\0") if name]


def _not_ignored() -> list[Path]:
    """An unpacked archive: every file that no line of .gitignore names."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]
    return [
        path
        for path in ROOT.rglob("*")
        if not any(
            fnmatch(part, pattern)
            for part in path.relative_to(ROOT).parts
            for pattern in (*ignored, ".git")
        )
    ]


def _sources() -> Iterator[Path]:
    return (path for path in _files() if path.suffix == ".py")


def _module_name(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []  # a PDF or a picture
