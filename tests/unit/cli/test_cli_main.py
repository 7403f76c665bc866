"""The command line itself: its help, its speed, and the commands that need no server."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from asynctaskflow_cli import main, samples
from asynctaskflow_cli.client import Answer, problem
from asynctaskflow_cli.exits import Exit

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ATF_SERVER", raising=False)

    def call(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["atf", *args])
        with pytest.raises(SystemExit) as ended:
            main.app()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"\n  {name} " in out for name in main.COMMANDS)
    assert "5 not" in out


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_help_of_its_own(run: Run, name: str) -> None:
    if name in {"bench"}:
        import_module("asynctaskflow_cli.commands.bench")
        return
    code, out, _ = run(name, "--help")
    assert code == 0
    assert "Usage: atf" in out


def test_help_loads_no_library_that_it_does_not_need() -> None:
    program = (
        "import sys; sys.argv = ['atf', '--help']\n"
        "from asynctaskflow_cli.main import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"httpx2", "redis", "pydantic", "asynctaskflow", "yaml", "psutil", "structlog"}
    assert not heavy & set(ran.stderr.split())


def test_without_a_stack_a_command_says_how_to_start_one(run: Run) -> None:
    code, out, err = run("list")
    assert (code, out) == (Exit.ERROR, "")
    assert "no local stack runs here" in err
    assert "atf up" in err


def test_init_writes_a_function_that_imports_and_refuses_to_overwrite(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    assert run("init", "count-words", "--folder", str(folder))[0] == 0
    written = sorted(path.name for path in folder.iterdir())
    assert written == ["Dockerfile", "count_words.py", "function.yaml"]
    monkeypatch.syspath_prepend(folder)
    assert import_module("count_words").count_words.name == "count-words"
    code, _, err = run("init", "count-words", "--folder", str(folder))
    assert (code, "exists already" in err) == (Exit.ERROR, True)
    assert run("init", "Not_A_Name")[0] == Exit.USAGE


def test_simulate_scaling_explains_every_change(run: Run) -> None:
    code, out, _ = run("simulate", "scaling", "--idle", "15")
    assert code == 0
    assert "0 -> 5" in out
    assert "5 may start at once beside 0" in out
    data = json.loads(run("simulate", "scaling", "--idle", "15", "--limit", "2", "-o", "json")[1])
    assert data["tasks"] == 80
    assert "RateLimit" in {change["limited_by"] for change in data["changes"]}
    assert run("simulate", "scaling", "-o", "yaml")[0] == 0


@pytest.mark.parametrize("span", ["x", "0-1", "4-1"])
def test_simulate_scaling_refuses_a_bad_range(run: Run, span: str) -> None:
    assert run("simulate", "scaling", "--run", span)[0] == Exit.USAGE


def test_openapi_is_printed_without_a_server(run: Run) -> None:
    code, out, _ = run("openapi")
    assert code == 0
    document = json.loads(out)
    assert "/api/v1/functions/{name}/tasks" in document["paths"]
    named = set(re.findall(r"#/components/schemas/(\w+)", out))
    assert named <= document["components"]["schemas"].keys()


def test_bench_outside_a_checkout_says_where_it_lives(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("bench")
    assert (code, "checkout" in err) == (Exit.ERROR, True)


def test_doctor_without_a_stack_checks_the_machine(run: Run) -> None:
    code, out, _ = run("doctor", "-o", "json")
    verdicts = {one["check"]: one["verdict"] for one in json.loads(out)}
    assert verdicts["python"] == verdicts["server program"] == "ok"
    assert code == 0


def test_doctor_names_a_redis_that_is_not_there(run: Run) -> None:
    code, out, _ = run("doctor", "--redis-url", "redis://127.0.0.1:9", "-o", "json")
    assert code == Exit.ERROR
    assert {one["check"]: one["verdict"] for one in json.loads(out)}["redis"] == "failed"


@pytest.mark.parametrize("name", [samples.TEXT, samples.PDF])
def test_the_samples_are_found_in_the_repository(name: str) -> None:
    assert samples.find(name).stat().st_size > 1000


def test_a_problem_is_shown_with_title_fields_and_hint() -> None:
    body = {
        "title": "The request is not acceptable",
        "errors": [{"pointer": "body.text", "detail": "is blank"}],
        "hint": "say something",
    }
    error = problem(Answer(422, body, {}))
    assert str(error) == "The request is not acceptable: body.text: is blank"
    assert (error.code, error.hint, error.status) == (Exit.USAGE, "say something", 422)
    assert str(problem(Answer(502, "<html>", {}))) == "HTTP 502"


def test_a_typer_abort_is_not_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "cli", interrupted)
    assert run("list")[0] == 130
