"""Every ``atf`` command against a running local stack, with the exit codes that its help promises."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest
import yaml

from asynctaskflow_cli import main
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack import record
from asynctaskflow_testkit.waiting import until

PLAIN_DEPENDENCY = {
    "apiVersion": "asynctaskflow.dev/v1alpha1",
    "kind": "Dependency",
    "metadata": {"name": "llm"},
    "spec": {"rateLimit": {"requests": 100, "intervalSeconds": 1}},
}


def function(name: str, **spec: object) -> dict[str, Any]:
    handler = f"asynctaskflow_testkit.handlers:{name}"
    scaling = {"minReplicas": 1, "maxReplicas": 1}
    return {
        "apiVersion": "asynctaskflow.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": name},
        "spec": {"handler": handler, "scaling": scaling, **spec},
    }


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Atf(Protocol):
    def __call__(self, *args: str, stdin: str = "") -> Ran: ...


@pytest.fixture(scope="module")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of a running ``atf up`` with two small functions."""
    folder = tmp_path_factory.mktemp("stack")
    file = folder / "functions.yaml"
    file.write_text(
        yaml.safe_dump_all(
            [
                PLAIN_DEPENDENCY,
                function("echo", dependencies=["llm"]),
                function("fail", retry={"maxAttempts": 1}),
            ]
        )
    )
    argv = [sys.executable, "-m", "asynctaskflow_cli", "up", "--no-shipped", "-f", str(file)]
    env = {**inherited_environment(), "XDG_STATE_HOME": str(folder)}
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(argv, env=env, stdout=log, stderr=log) as stack:
        home = folder / "asynctaskflow"
        until(lambda: record.read(home) or stack.poll() is not None, 60)
        assert stack.poll() is None, (folder / "log").read_text()
        children = psutil.Process(stack.pid).children(recursive=True)
        yield folder
        stack.send_signal(signal.SIGINT)
        assert stack.wait(30) == 0, (folder / "log").read_text()
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert record.read(home) is None


@pytest.fixture
def atf(
    state_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Atf:
    monkeypatch.setenv("XDG_STATE_HOME", str(state_home))
    monkeypatch.delenv("ATF_SERVER", raising=False)

    def run(*args: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["atf", *args])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.app()
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run


def dead_task(atf: Atf) -> str:
    task = atf("submit", "fail", "--input", '{"how": "permanent", "message": "broken"}').out.strip()
    assert atf("wait", task).code == 3
    return task


def test_a_submitted_task_is_waited_for_and_its_result_is_the_only_thing_on_stdout(
    atf: Atf,
) -> None:
    ran = atf("submit", "echo", "--text", "hello", "--wait")
    assert ran.code == 0, ran.err
    assert ran.json["text"] == "hello"
    assert "COMPLETED" in ran.err


def test_the_input_comes_from_json_a_file_or_stdin(atf: Atf, tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_text('{"text": "from a file"}')
    given = [("@" + str(file), ""), ("-", '{"text": "from stdin"}'), ('{"text": "here"}', "")]
    found = [
        atf("submit", "echo", "-i", how, "-w", stdin=stdin).json["text"] for how, stdin in given
    ]
    assert found == ["from a file", "from stdin", "here"]


def test_the_same_key_is_the_same_task(atf: Atf) -> None:
    args = ("submit", "echo", "--text", "once", "--idempotency-key", "key-1")
    first, second = atf(*args), atf(*args)
    assert first.out == second.out
    assert "before" in second.err
    other = atf("submit", "echo", "--text", "other", "--idempotency-key", "key-1")
    assert other.code == 2
    assert "Idempotency-Key" in other.err


def test_each_line_of_a_file_becomes_a_task(atf: Atf) -> None:
    ran = atf("submit", "echo", "--lines", "-", stdin='{"text": "a"}\n\n{"text": "b"}\n')
    assert ran.code == 0, ran.err
    tasks = ran.out.split()
    assert len(tasks) == 2
    waited = atf("wait", *tasks, "--results")
    assert [one["text"] for one in waited.json] == ["a", "b"]


def test_a_failed_task_is_exit_code_3_with_its_reason(atf: Atf) -> None:
    ran = atf("submit", "fail", "--input", '{"message": "broken"}', "--wait")
    assert ran.code == 3
    assert ran.out == ""
    assert "ended DLQ: permanent: broken" in ran.err


def test_an_unknown_task_and_function_are_exit_code_5(atf: Atf) -> None:
    missing = "echo-01890000-0000-7000-8000-000000000000"
    for args in (("get", missing), ("result", missing), ("wait", missing), ("get", "nonsense")):
        assert atf(*args).code == 5, args
    assert atf("submit", "nothing", "--input", "{}").code == 5


def test_usage_errors_are_exit_code_2(atf: Atf) -> None:
    for args in (
        ("submit", "echo"),
        ("submit", "echo", "--input", "{"),
        ("submit", "echo", "--file", "/nowhere.pdf"),
        ("list", "--since", "yesterday"),
        ("redrive",),
        ("reset",),
        ("watch", "x", "--function", "y"),
        ("list", "--no-such-option"),
        ("no-such-command",),
    ):
        assert atf(*args).code == 2, args


def test_a_task_that_is_not_finished_in_time_is_exit_code_4(atf: Atf) -> None:
    task = atf("submit", "echo", "--text", "later", "--delay", "60").out.strip()
    assert atf("wait", task, "--timeout", "0.2").code == 4
    assert atf("result", task).code == 1
    assert atf("cancel", task).code == 0
    assert atf("get", task, "-o", "json").json["state"] == "CANCELLED"
    assert atf("result", task).code == 3


def test_tasks_are_listed_filtered_and_printed_in_every_form(atf: Atf) -> None:
    task = atf("submit", "echo", "--text", "listed", "--wait").err.split()[0]
    names = atf("list", "echo", "--state", "completed", "--since", "5m", "-o", "name").out.split()
    assert task in names
    assert atf("list", "--prefix", task, "-o", "json").json[0]["task_id"] == task
    assert yaml.safe_load(atf("list", "-n", "1", "-o", "yaml").out)[0]["state"]
    table = atf("list", "echo", "-n", "3").out.splitlines()
    assert table[0].split()[:2] == ["TASK", "STATE"]
    assert len(table) == 4
    assert "WORKER" in atf("list", "-o", "wide").out
    assert atf("list", "--prefix", "echo-ffffffff", "-o", "json").json == []


def test_one_task_is_shown_with_its_history(atf: Atf) -> None:
    shown = atf("get", dead_task(atf)).out
    assert "permanent" in shown
    assert "broken" in shown


def test_the_dead_letter_queue_is_listed_grouped_and_redriven(atf: Atf) -> None:
    task = dead_task(atf)
    assert task in atf("dlq", "ls", "fail", "-o", "name").out
    groups = atf("dlq", "groups", "-o", "json").json
    (group,) = [one for one in groups if one["function"] == "fail"]
    named = f"permanent/{group['fingerprint']}"
    assert named in atf("dlq", "groups", "-o", "name").out.split()
    assert group["fingerprint"] in atf("dlq", "groups").out
    assert group["fingerprint"] in atf("get", task).out
    assert task in atf("dlq", "ls", "fail", "--error", named, "-o", "name").out
    assert atf("dlq", "ls", "fail", "--error", "permanent/0000000000", "-o", "name").out == ""
    other = atf("redrive", "-f", "fail", "--error", "permanent/0000000000", "--yes")
    assert "No task matches" in other.err
    assert "Would redrive" in atf("redrive", "-f", "fail", "--error", named, "--dry-run").err
    dry = atf("redrive", "-f", "fail", "--dry-run")
    assert "Would redrive" in dry.err
    assert atf("redrive", "-f", "fail").code == 2  # nobody to ask
    done = atf("redrive", "-f", "fail", "--yes", "--rate", "1000")
    assert done.code == 0, done.err
    assert "done" in done.err
    assert atf("wait", task).code == 3
    assert atf("redrive", task).out.strip() == task


def test_retry_and_delete_say_what_they_could_not_do(atf: Atf) -> None:
    done = atf("submit", "echo", "--text", "x", "--wait").err.split()[0]
    dead = dead_task(atf)
    ran = atf("retry", dead, done)
    assert ran.code == 1
    assert ran.out.split() == [dead]
    assert done in ran.err
    assert atf("delete", done).code == 2  # nobody to ask
    assert atf("delete", done, "--dry-run").out == ""
    assert atf("delete", done, "--yes").out.split() == [done]
    assert atf("get", done).code == 5


def test_a_function_is_paused_shown_and_resumed(atf: Atf) -> None:
    assert atf("pause", "echo").out.strip() == "echo paused"
    task = atf("submit", "echo", "--text", "waits").out.strip()
    assert "paused" in atf("functions").out
    assert atf("functions", "echo", "-o", "json").json["paused"] is True
    assert atf("resume", "echo").out.strip() == "echo running"
    assert atf("wait", task).code == 0


def test_status_and_workers_show_what_there_is(atf: Atf) -> None:
    assert set(atf("status", "-o", "json").json["functions"]) == {"echo", "fail"}
    assert "(all)" in atf("status").out
    until(lambda: len(atf("workers", "-o", "json").json) == 2, 20)
    assert "0/4" in atf("workers", "-o", "wide").out


def test_a_breaker_is_opened_by_hand_and_released(atf: Atf) -> None:
    assert atf("breaker", "open", "llm", "-o", "json").json[0]["breaker"]["state"] == "open"
    assert "open" in atf("breaker", "show").out
    assert atf("breaker", "close", "llm", "-o", "json").json[0]["breaker"]["state"] == "closed"
    assert "auto" in atf("breaker", "auto", "llm").out.lower()
    assert "100" in atf("limits").out
    assert atf("breaker", "open", "nothing").code == 5


def test_watch_follows_a_task_to_its_end(atf: Atf) -> None:
    task = atf("submit", "echo", "--text", "seen", "--delay", "1").out.strip()
    lines = atf("watch", task, "-o", "json", "--timeout", "30")
    assert lines.code == 0, lines.err
    states = [json.loads(line)["new_state"] for line in lines.out.splitlines()]
    assert states[-1] == "COMPLETED"
    assert atf("watch", task).code == 0
    assert atf("watch", dead_task(atf)).code == 3


def test_watching_stops_in_time(atf: Atf) -> None:
    assert atf("watch", "--timeout", "0.5").code == 4


def test_doctor_finds_the_local_stack_well(atf: Atf) -> None:
    found = {one["check"]: one["verdict"] for one in atf("doctor", "-o", "json").json}
    assert {
        found[name] for name in ("python", "api", "api ready", "redis", "append-only file")
    } == {"ok"}


def test_a_server_that_is_not_there_is_said_in_one_line(atf: Atf) -> None:
    ran = atf("list", "--server", "http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.err.startswith("Error: cannot reach the API at http://127.0.0.1:9")
    assert "Hint: " in ran.err


def test_reset_deletes_every_task_of_a_function(atf: Atf) -> None:
    task = dead_task(atf)
    assert "Would delete" in atf("reset", "fail", "--dry-run").err
    assert atf("reset", "fail", "--confirm").code == 0
    assert atf("get", task).code == 5
    assert atf("list", "fail", "-o", "json").json == []


def test_a_second_stack_on_the_same_data_is_refused(state_home: Path, atf: Atf) -> None:
    ran = atf("up", "--no-shipped", "--port", "0")
    assert ran.code == 1
    assert "in use by the local stack of pid" in ran.err
