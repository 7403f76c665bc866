"""``atf submit``: one task, or one per line of a file."""

import json
import mimetypes
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from asynctaskflow_cli import paths
from asynctaskflow_cli.client import Api, connect
from asynctaskflow_cli.commands.options import Format, Output, Server, Timeout
from asynctaskflow_cli.exits import CommandError, Exit, UsageProblem
from asynctaskflow_cli.follow import finish
from asynctaskflow_cli.render import Column, say, show_one
from asynctaskflow_cli.settings import CliSettings

UPLOAD_TIMEOUT_S = 300.0
LINES_AT_ONCE = 1000
TEXT_FIELDS = ("text", "content")
ACCEPTED = (
    Column("task", lambda row: row["task_id"]),
    Column("state", lambda row: row["state"]),
    Column("", lambda row: "" if row.get("created", True) else "accepted before with this key"),
)


Function = Annotated[str, typer.Argument(metavar="FUNCTION")]
Input = Annotated[
    str, typer.Option("--input", "-i", help="The input: JSON, @FILE, or - for stdin.")
]
Text = Annotated[str, typer.Option(help="The input's text: a string, @FILE or -.")]
File = Annotated[Path | None, typer.Option(help="A document, uploaded and passed by reference.")]
Lines = Annotated[str, typer.Option(help="FILE or -: one task for each line, a JSON input each.")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Follow it and print the result.")]
Key = Annotated[
    str, typer.Option("--idempotency-key", help="The same key and input is the same task.")
]
Delay = Annotated[float, typer.Option(min=0, help="Start no earlier than in so many seconds.")]
MaxAge = Annotated[float, typer.Option(min=0, help="Give up if not started by then.")]
Attempts = Annotated[int, typer.Option(min=0, help="Failures allowed; 0: the function's.")]


def submit(
    function: Function,
    *,
    input_: Input = "",
    text: Text = "",
    file: File = None,
    lines: Lines = "",
    wait: Wait = False,
    timeout: Timeout = 600,
    key: Key = "",
    delay: Delay = 0,
    max_age: MaxAge = 0,
    max_attempts: Attempts = 0,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """Submit a task. With --wait the result goes to stdout, and exit code 3 says that the task failed."""
    query = {
        "delay_seconds": delay or None,
        "max_age_seconds": max_age or None,
        "max_attempts": max_attempts or None,
    }
    with connect(CliSettings.from_env(), server) as api:
        if lines:
            _many(api, function, lines, query)
            return
        body = _body(api, function, input_=input_, text=text, file=file)
        headers = {"Idempotency-Key": key} if key else {}
        path = paths.function(function, "tasks")
        accepted = api.call("POST", path, body=body, params=query, headers=headers).body
        if wait:
            say(str(accepted["task_id"]))
            finish(api, [str(accepted["task_id"])], timeout_s=timeout, form=output)
        else:
            _accepted(accepted, output)


def _accepted(accepted: dict[str, Any], form: Format) -> None:
    if form is Format.TABLE:
        print(accepted["task_id"])
        if not accepted.get("created", True):
            say("Accepted before with this key.")
    else:
        show_one(accepted, ACCEPTED, form, name="task_id")


def _body(api: Api, function: str, *, input_: str, text: str, file: Path | None) -> Any:
    body: Any = _json(_content(input_), "--input") if input_ else {}
    if (text or file) and not isinstance(body, dict):
        raise UsageProblem("--input must be an object beside --text or --file")
    if text:
        body[_field(_fields(api, function), function, TEXT_FIELDS)] = _content(text)
    if file:
        fields = _fields(api, function)
        body[_field(fields, function, ("pdf_ref",), ending="_ref")] = _upload(api, function, file)
        if "filename" in fields:
            body.setdefault("filename", file.name)
    if not (input_ or text or file):
        raise UsageProblem("no input", hint="--input JSON, --text TEXT or --file DOCUMENT")
    return body


def _content(given: str) -> str:
    """The text itself, ``@FILE``, or ``-`` for stdin."""
    if given == "-":
        return sys.stdin.read()
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{given[1:]}: {error}") from error


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageProblem(f"{what} is not JSON: {error}") from error


def _fields(api: Api, function: str) -> list[str]:
    found = api.get(paths.function(function))
    return list((found.get("input_schema") or {}).get("properties", {}))


def _field(fields: list[str], function: str, usual: tuple[str, ...], *, ending: str = "\0") -> str:
    """The field of the function's input that a text or an upload goes into.

    A function whose schema is not known (yet) gets the usual field; it refuses it if it has none.

    Raises:
        UsageProblem: it has none.
    """
    if not fields:
        return usual[0]
    fitting = [name for name in usual if name in fields]
    fitting += [name for name in fields if name.endswith(ending) and name not in fitting]
    if fitting:
        return fitting[0]
    raise UsageProblem(
        f"{function} has no field for that; it takes: {', '.join(fields) or 'any JSON'}",
        hint="pass the whole input with --input",
    )


def _upload(api: Api, function: str, path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    try:
        with path.open("rb") as content:
            answer = api.call(
                "POST",
                paths.UPLOADS,
                params={"function": function},
                file=(path.name, content, kind),
                timeout_s=UPLOAD_TIMEOUT_S,
            )
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from error
    return str(answer.body["ref"])


def _many(api: Api, function: str, source: str, query: dict[str, Any]) -> None:
    text = sys.stdin.read() if source == "-" else _content(f"@{source}")
    inputs = [
        _json(line, f"line {number}")
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    rejected = 0
    for begin in range(0, len(inputs), LINES_AT_ONCE):
        part = inputs[begin : begin + LINES_AT_ONCE]
        path = paths.function(function, "tasks/bulk")
        answer = api.call("POST", path, body=part, params=query).body
        rejected += _told(answer["items"], first_line=begin + 1)
    if rejected:
        raise CommandError(f"{rejected} of {len(inputs)} inputs were refused", code=Exit.ERROR)


def _told(items: list[dict[str, Any]], *, first_line: int) -> int:
    """Print the ids; how many were refused."""
    for number, item in enumerate(items, start=first_line):
        if item.get("task_id"):
            print(item["task_id"])
        else:
            problem = item.get("problem") or {}
            say(f"input {number}: {problem.get('title', 'refused')}: {problem.get('detail', '')}")
    return sum(not item.get("task_id") for item in items)
