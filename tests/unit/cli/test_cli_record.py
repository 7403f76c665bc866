"""How one command finds the stack that another one runs."""

import json
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from asynctaskflow_cli.stack import record
from asynctaskflow_cli.stack.record import AlreadyRunning, FolderUnusable, StackRecord


def mine(folder: Path) -> StackRecord:
    return StackRecord.of_this_process(api_url="http://a", redis_url="redis://r", data_dir=folder)


def test_a_running_stack_is_found_and_forgotten_after_it(tmp_path: Path) -> None:
    with record.published(tmp_path, mine(tmp_path)):
        assert record.read(tmp_path) == mine(tmp_path)
    assert record.read(tmp_path) is None


def test_only_the_owner_may_read_the_record(tmp_path: Path) -> None:
    with record.published(tmp_path, mine(tmp_path)):
        mode = (tmp_path / record.FILE_NAME).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_a_reused_pid_is_not_a_running_stack(tmp_path: Path) -> None:
    other = replace(mine(tmp_path), born_s=1.0)
    (tmp_path / record.FILE_NAME).write_text(json.dumps(asdict(other)))
    assert record.read(tmp_path) is None


def test_a_stack_that_runs_stays_the_one_that_is_found(tmp_path: Path) -> None:
    first = replace(mine(tmp_path), api_url="http://first")
    with record.published(tmp_path, first) as found:
        assert found == first
        with record.published(tmp_path, mine(tmp_path)) as found:
            assert found == record.read(tmp_path) == first
        assert record.read(tmp_path) == first


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "state"
    with pytest.raises(FolderUnusable, match=str(folder)), record.locked(folder):
        pass
    with (
        pytest.raises(FolderUnusable, match=str(folder)),
        record.published(folder, mine(tmp_path)),
    ):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "more": 2}'])
def test_a_damaged_record_is_no_stack(tmp_path: Path, text: str) -> None:
    (tmp_path / record.FILE_NAME).write_text(text)
    assert record.read(tmp_path) is None


def test_the_record_of_a_later_stack_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / record.FILE_NAME
    with record.published(tmp_path, mine(tmp_path)):
        later = replace(mine(tmp_path), api_url="http://later")
        path.write_text(json.dumps(asdict(later)))
    assert record.read(tmp_path) == later


def test_a_data_directory_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from asynctaskflow_cli.stack.record import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout
        assert other.stdout.readline() == "in\n"
        with pytest.raises(AlreadyRunning, match=f"pid {other.pid}"), record.locked(tmp_path):
            pass
        other.kill()
    with record.locked(tmp_path):
        pass
