"""The chart's README names values that exist, with the defaults that they have."""

import re

import pytest
import yaml

from asynctaskflow_testkit import chart

README = (chart.CHART / "README.md").read_text()
VALUES = yaml.safe_load((chart.CHART / "values.yaml").read_text())
ROW = re.compile(r"^\| (`.+?) \| (.+?) \| .+ \|$", re.MULTILINE)
# A function's name stands for any.
ANY = {"functions": "summarize", "dependencies": "openrouter"}


def named(cell):
    """Dotted names of a row; one that begins with a dot is a neighbour of the one before it."""
    found: list[str] = []
    for name in re.findall(r"`([^`]+)`", cell):
        found.append(found[0].rpartition(".")[0] + name if name.startswith(".") else name)
    return found


def value_of(name):
    node = VALUES
    for part in name.split("."):
        node = node[ANY[name.split(".")[0]] if part == "NAME" else part]
    return node


@pytest.mark.parametrize("cell", [cell for cell, _ in ROW.findall(README)])
def test_every_value_of_the_table_exists(cell):
    for name in named(cell):
        value_of(name)


def test_every_default_of_the_table_is_the_one_of_the_values():
    wrong = [
        (name, said)
        for cell, default in ROW.findall(README)
        for name, said in zip(named(cell), re.findall(r"`([^`]+)`", default), strict=False)
        if yaml.safe_load(said) != value_of(name)
    ]

    assert wrong == []


def test_the_table_covers_most_parts_of_the_values():
    told = {name.split(".")[0] for cell, _ in ROW.findall(README) for name in named(cell)}

    assert VALUES.keys() - told == {
        *("nameOverride", "fullnameOverride", "service", "hooks"),
    }
