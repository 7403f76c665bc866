"""The checks bite: every small breakage of the core is caught by the drill that is there for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asynctaskflow_testkit.drills import DRILLS
from asynctaskflow_testkit.mutation import MUTANTS, Mutant, copy_core, mutate, run_drill
from asynctaskflow_testkit.servers import RedisServer

Table = list[tuple[str, str]]


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    """Mutant -> what caught it; printed at the end (``pytest -s``)."""
    rows: Table = []
    yield rows
    width = max((len(name) for name, _ in rows), default=0)
    print("\n" + "\n".join(f"{name:<{width}}  caught by {how}" for name, how in rows))  # noqa: T201


@pytest.mark.parametrize("drill", DRILLS)
def test_the_sound_core_passes(drill: str, server: RedisServer, tmp_path: Path) -> None:
    done = run_drill(drill, server.url, core=copy_core(tmp_path))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_core_is_caught(
    mutant: Mutant, server: RedisServer, tmp_path: Path, table: Table
) -> None:
    done = run_drill(mutant.drill, server.url, core=mutate(mutant, tmp_path))
    assert done.returncode == 1, f"not caught: {mutant.name}\n{done.stderr}"
    assert mutant.law in done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    table.append((mutant.name, f"drill {mutant.drill}: {done.stderr.splitlines()[0]}"))


def test_every_drill_has_a_mutant() -> None:
    assert {mutant.drill for mutant in MUTANTS} == set(DRILLS)
