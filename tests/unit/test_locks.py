"""The locks install what the members ask for, and nothing that is not pinned by hash."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;\\]+)(?: ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
WORKSPACE = "asynctaskflow"
# Which lock installs which member with which extras.
INSTALLED_BY = [
    ("worker", "asynctaskflow[s3]"),
    ("api", "asynctaskflow-api[s3]"),
    ("cli", "asynctaskflow-cli"),
    ("local", "asynctaskflow-cli[stack]"),
    ("summarize", "asynctaskflow-summarize[s3]"),
    ("pdfxtract", "asynctaskflow-pdfxtract[s3]"),
    ("operator", "asynctaskflow-operator[s3]"),
    ("dev", "asynctaskflow-testkit"),
    ("dev", "asynctaskflow-cli[stack]"),
    ("dev", "asynctaskflow[s3]"),
]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_of_a_lock_is_a_pin_a_hash_or_a_comment(lock):
    strangers = [
        line
        for line in lock.read_text().splitlines()
        if not (PIN.match(line) or HASH.match(line) or line.lstrip().startswith("#"))
    ]

    assert strangers == []


def test_the_lock_of_the_dashboard_pins_by_hash_and_names_no_address():
    text = (ROOT / "dashboard" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    bare = [name for name, one in packages.items() if name and not one.get("integrity")]

    assert "://" not in text
    assert [name for name in bare if not packages[name].get("optional")] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_is_followed_by_a_hash(lock):
    lines = lock.read_text().splitlines()

    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.match(line) and not HASH.match(following)
    ]

    assert bare == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_place_to_download_from(lock):
    assert re.findall(r"://|--(?:extra-)?index|--find-links| @ ", lock.read_text()) == []


def test_all_locks_come_from_one_resolution():
    versions: dict[str, set[Version]] = {}
    for lock in LOCKS:
        for name, version in _pins(lock).items():
            versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(("lock", "member"), INSTALLED_BY)
def test_a_lock_holds_what_its_member_declares(lock, member):
    pins = _pins(ROOT / "locks" / f"{lock}.txt")

    unmet = [
        str(wanted)
        for wanted in _requirements(Requirement(member))
        if not wanted.specifier.contains(
            pins.get(canonicalize_name(wanted.name), Version("0.dev0"))
        )
    ]

    assert unmet == [], "run `make lock`"


def test_the_development_lock_holds_every_tool():
    groups = _toml(ROOT / "pyproject.toml")["dependency-groups"]
    pins = _pins(ROOT / "locks/dev.txt")

    tools = [Requirement(line) for line in groups["dev"] if isinstance(line, str)]
    unmet = [
        str(tool)
        for tool in tools
        if not tool.name.startswith(WORKSPACE)
        and not tool.specifier.contains(pins.get(canonicalize_name(tool.name), Version("0.dev0")))
    ]

    assert unmet == [], "run `make lock`"


def _pins(lock: Path) -> dict[str, Version]:
    matches = (PIN.match(line) for line in lock.read_text().splitlines())
    return {
        canonicalize_name(match["name"]): Version(match["version"]) for match in matches if match
    }


def _requirements(member: Requirement) -> list[Requirement]:
    """What the member declares, and what the members it stands on declare."""
    project = _projects()[canonicalize_name(member.name)]
    optional = project.get("optional-dependencies", {})
    declared = [
        Requirement(line)
        for line in [
            *project["dependencies"],
            *(line for extra in member.extras for line in optional[extra]),
        ]
    ]
    found: list[Requirement] = []
    for requirement in declared:
        ours = requirement.name.startswith(WORKSPACE)
        found.extend(_requirements(requirement) if ours else [requirement])
    return found


def _projects() -> dict[str, dict[str, Any]]:
    patterns = ("*/pyproject.toml", "functions/*/pyproject.toml", "tests/kit/pyproject.toml")
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    projects = [_toml(path)["project"] for path in paths]
    return {canonicalize_name(project["name"]): project for project in projects}


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())
