"""What the README tells a reader to type, click and copy is there."""

import re
from pathlib import Path

import pytest

from asynctaskflow_cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def found(pattern):
    return sorted(set(re.findall(pattern, README)))


@pytest.mark.parametrize("name", found(r"(?:\.venv/bin/|`)atf ([a-z0-9]+)"))
def test_each_atf_command_of_the_readme_exists(name):
    assert name in COMMANDS


def test_each_command_that_the_readme_lists_exists():
    (line,) = found(r"# also: (.+)")

    assert set(line.split(", ")) <= set(COMMANDS)


@pytest.mark.parametrize("name", found(r"(?:^|`|… )make ([a-z0-9-]+)"))
def test_each_make_target_of_the_readme_exists(name):
    assert name in TARGETS


@pytest.mark.parametrize("target", found(r"\]\(([^)#:]+)\)"))
def test_each_link_of_the_readme_leads_to_a_file(target):
    assert (ROOT / target).exists()


@pytest.mark.parametrize("path", found(r"@?(examples/[\w./-]+)"))
def test_each_example_of_the_readme_exists(path):
    assert (ROOT / path).exists()


def test_the_function_of_the_readme_is_the_example():
    (code,) = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    example = (ROOT / "examples/word-count/word_count.py").read_text(encoding="utf-8")

    assert code.strip() in example
