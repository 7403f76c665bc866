"""What a person sees of the processes' logs."""

import io
from pathlib import Path

import pytest

from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.readable import readable


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain text", "plain text"),
        ('{"event": "started", "level": "info", "slots": 4}', "started slots=4"),
        (
            '{"event": "gone", "level": "warning", "why": "no answer"}',
            'WARNING gone why="no answer"',
        ),
        ('{"event": "x", "function": "f", "worker": "w", "timestamp": "t"}', "x"),
        ('{"no": "event"}', '{"no": "event"}'),
        ("{not json", "{not json"),
        (
            "4711:M 23 Nov 2026 21:45:04.271 * Ready to accept connections",
            "Ready to accept connections",
        ),
        ("4711:signal-handler (1795470317) Received SIGTERM", "Received SIGTERM"),
        ("4711:M 23 Nov 2026 21:45:04.271 # WARNING Memory overcommit must be enabled!", None),
        ("", None),
    ],
)
def test_a_line_is_short_and_readable(line: str, shown: str | None) -> None:
    assert readable(line) == shown


def test_each_process_has_its_prefix_and_keeps_its_colour() -> None:
    stream = io.StringIO()
    console = Console(stream=stream, color=True)
    for name in ("api", "redis", "api"):
        console.write(name, "x")
    first, second, third = stream.getvalue().splitlines()
    assert first == third
    assert first.startswith("\033[36mapi")
    assert second.startswith("\033[32mredis")


def test_without_a_terminal_there_is_no_escape() -> None:
    stream = io.StringIO()
    Console(stream=stream).say("hello")
    assert stream.getvalue() == "atf            | hello\n"


def test_log_files_hold_what_the_process_wrote_and_quiet_means_quiet(tmp_path: Path) -> None:
    stream = io.StringIO()
    console = Console(stream=stream, log_dir=tmp_path / "logs", echo=False)
    console.write("api", '{"event": "x"}')
    assert stream.getvalue() == ""
    assert (tmp_path / "logs" / "api.log").read_text() == '{"event": "x"}\n'
