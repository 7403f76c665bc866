import os
import subprocess
import sys

import pytest

from benchmarks.footprint import resident_mb
from benchmarks.settings import Place, inherited, place
from benchmarks.systems import CATALOGUE, OURS, ROOT, System, find
from benchmarks.witness import Ear, NotSeenError, Tally, wait_until


@pytest.fixture
def where(tmp_path):
    return Place("redis://127.0.0.1:1/3", tmp_path, 9, 5, recovery=True)


def test_a_child_reads_back_what_it_was_told(where, monkeypatch):
    for name, value in where.environment().items():
        monkeypatch.setenv(name, value)

    assert place() == where


def test_each_adapter_of_the_catalogue_is_a_file_of_its_own():
    files = {path.stem for path in (ROOT / "benchmarks" / "peers").glob("*.py")}

    assert {entry.module for entry in CATALOGUE} == files


def test_our_own_adapter_describes_itself_without_a_server(where):
    ours = find(CATALOGUE[0], where)

    assert ours is not None
    assert (ours.name, ours.bulk, ours.concurrent) == (OURS, True, True)


def test_a_worker_is_told_its_server_number_and_lease(where, tmp_path):
    system = System(
        name="x",
        module="m",
        python=tmp_path,
        worker=("--url", "{url}", "--name", "w{number}"),
        environment={"LEASE": "{lease_s}", "URL": "{url}"},
        tasks=1,
        bulk=False,
        concurrent=False,
        settings="",
    )

    assert system.worker_command(2, where)[1:] == ["--url", where.redis_url, "--name", "w2"]
    assert system.child_environment(where)["LEASE"] == "5"
    assert system.child_environment(where)["URL"] == where.redis_url


def test_what_tasks_leave_behind_is_seen_outside(tmp_path):
    ear = Ear()
    where = Place("redis://127.0.0.1:1/0", tmp_path, ear.port, 5, recovery=False)
    code = "from benchmarks import tasks; tasks.noop(); tasks.noop(); tasks.report(1.5)"

    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited(), **where.environment()},
        check=True,
    )
    start = ear.next(5.0)
    ear.close()

    assert Tally(tmp_path).total() == 2
    assert start is not None
    assert start.sent_s == 1.5
    assert start.waited_ms > 0


def test_no_start_is_heard_where_none_was():
    ear = Ear()

    assert ear.next(0.01) is None
    ear.close()


def test_waiting_ends_with_the_name_of_what_did_not_happen():
    with pytest.raises(NotSeenError, match="the moon"):
        wait_until(lambda: False, 0.01, "the moon")


def test_memory_is_that_of_a_living_process_and_none_of_a_dead_one():
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    assert resident_mb(os.getpid()) > 5
    assert resident_mb(dead.pid) == 0.0
