"""A wheel carries the files that are not Python too: scripts, prompts, samples, `py.typed`."""

from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = sorted(
    path.parent
    for pattern in ("*/pyproject.toml", "functions/*/pyproject.toml", "tests/kit/pyproject.toml")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_wheel_holds_every_file_of_its_package(member):
    sources = {
        str(path.relative_to(member / "src"))
        for path in (member / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    shipped = {
        file.distribution_path for file in WheelBuilder(str(member)).recurse_included_files()
    }

    assert sources - shipped == set()
