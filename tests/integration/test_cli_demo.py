"""What a newcomer sees first: ``atf demo``, and ``atf up`` that ends cleanly in the middle of its work."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack import record
from asynctaskflow_testkit.waiting import until

ATF = [sys.executable, "-m", "asynctaskflow_cli"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    clean = {k: v for k, v in inherited_environment().items() if not k.startswith("OPENROUTER_")}
    return {**clean, "XDG_STATE_HOME": str(tmp_path)}


def test_the_demo_gives_two_real_results_and_leaves_nothing_behind(
    env: dict[str, str], tmp_path: Path
) -> None:
    ran = subprocess.run(
        [*ATF, "demo", "-o", "json"],
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    text, pdf = json.loads(ran.stdout)
    assert len(text["result"]["summary"]) > 100
    assert text["result"]["provider"] == "offline"
    articles = [one for page in pdf["result"]["pages"] for one in page["articles"]]
    assert len(articles) >= 4
    assert all(one["title"] and one["body"] for one in articles)
    assert not list(tmp_path.iterdir())


@contextmanager
def running(
    env: dict[str, str], tmp_path: Path, stop: signal.Signals, *options: str
) -> Iterator[Path]:
    """``atf up`` with the shipped functions; asserts that it ends cleanly when asked to."""
    home, file = tmp_path / "asynctaskflow", tmp_path / "log"
    command = [*ATF, "up", *options]
    with file.open("ab") as log, subprocess.Popen(command, env=env, stderr=log) as stack:
        try:
            until(lambda: record.read(home) or stack.poll() is not None, 60)
            yield file
            children = psutil.Process(stack.pid).children(recursive=True)
        finally:
            stack.send_signal(stop)
        assert stack.wait(60) == 0, file.read_text()
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert record.read(home) is None


def atf(env: dict[str, str], *args: str) -> str:
    ran = subprocess.run([*ATF, *args], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_ctrl_c_during_the_work_leaves_no_process_and_loses_no_task(
    env: dict[str, str], tmp_path: Path
) -> None:
    with running(env, tmp_path, signal.SIGINT) as log:
        task = atf(env, "submit", "summarize", "--input", '{"text": "One. Two. Three."}')
        until(lambda: b"summarize: 0 -> 1" in log.read_bytes(), 30)
    with running(env, tmp_path, signal.SIGTERM):
        result = atf(env, "wait", task, "--results", "--timeout", "60")
    assert json.loads(result)["summary"]


def test_the_demo_keeps_tasks_flowing_with_retries_and_dead_letters(
    env: dict[str, str], tmp_path: Path
) -> None:
    def states() -> dict[str, int]:
        found: dict[str, int] = json.loads(atf(env, "status", "-o", "json"))["states"]
        return found

    with running(env, tmp_path, signal.SIGINT, "--demo") as log:
        until(lambda: states()["COMPLETED"] > 30 and states()["DLQ"] > 0, 60)
        assert b"some fail on purpose" in log.read_bytes()
        assert json.loads(atf(env, "breaker", "show", "-o", "json"))
