"""Looking at tasks and steering single ones."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from asynctaskflow.clock import SystemClock
from asynctaskflow_cli import paths, times
from asynctaskflow_cli.client import Api, connect
from asynctaskflow_cli.commands.confirm import confirmed
from asynctaskflow_cli.commands.options import DryRun, Format, Output, Server, TaskIds, Yes
from asynctaskflow_cli.exits import CommandError, Exit, UsageProblem
from asynctaskflow_cli.render import Column, Row, print_json, print_yaml, say, show, show_one
from asynctaskflow_cli.settings import CliSettings

PAGE = 100  # the most that the API gives at once


def _now() -> datetime:
    return datetime.fromtimestamp(SystemClock().wall_ms() / 1000, UTC)


def _ran(row: Row) -> str:
    begun, ended = times.parse(row.get("started_at")), times.parse(row.get("finished_at"))
    return times.span((ended - begun).total_seconds()) if begun and ended else ""


def _progress(row: Row) -> str:
    done = float(row.get("progress") or 0)
    return f"{done:.0%}" if 0 < done < 1 else ""


LIST = (
    Column("TASK", lambda row: row["task_id"]),
    Column("STATE", lambda row: row["state"]),
    Column("TRY", lambda row: row.get("attempt") or ""),
    Column("AGE", lambda row: times.age(row["created_at"], now=_now())),
    Column("RAN", _ran),
    Column("DONE", _progress),
    Column("WORKER", lambda row: row.get("worker_id") or "", wide=True),
    Column("INPUT", lambda row: row.get("content_length"), wide=True),
    Column("ERROR", lambda row: row.get("error_type") or ""),
)
CARD = (
    Column("task", lambda row: row["task_id"]),
    Column("state", lambda row: row["state"]),
    Column("progress", _progress),
    Column("note", lambda row: row.get("note")),
    Column("attempt", lambda row: f"{row.get('attempt')} of {row.get('max_retries')}"),
    Column("created", lambda row: row["created_at"]),
    Column("started", lambda row: row.get("started_at")),
    Column("finished", lambda row: row.get("finished_at")),
    Column("ran", _ran),
    Column("due", lambda row: row.get("retry_after")),
    Column("worker", lambda row: row.get("worker_id")),
    Column("error class", lambda row: row.get("error_type")),
    Column("fingerprint", lambda row: row.get("fingerprint")),
    Column("error", lambda row: row.get("last_error")),
    Column(
        "result", lambda row: "atf result " + str(row["task_id"]) if row.get("has_result") else ""
    ),
    Column("input", lambda row: row.get("input"), wide=True),
    Column("output", lambda row: row.get("output"), wide=True),
    Column("history", lambda row: _history(row)),
)


def _history(row: Row) -> str:
    return "\n".join(
        f"{entry.get('timestamp', '')}  try {entry.get('attempt', '?')}: "
        f"{entry.get('error_type', '')} {entry.get('error', '')}".rstrip()
        for entry in row.get("error_history") or []
    )


def get(task: str, *, server: Server = "", output: Output = Format.TABLE) -> None:
    """Show one task; exit code 5 if there is no such task."""
    with connect(CliSettings.from_env(), server) as api:
        show_one(api.get(paths.task(task)), CARD, output, name="task_id")


def result(task: str, *, server: Server = "", output: Output = Format.JSON) -> None:
    """Print a task's result as JSON or YAML; exit code 3 if it ended without one."""
    with connect(CliSettings.from_env(), server) as api:
        found = read_result(api, task)
    if output is Format.YAML:
        print_yaml(found)
    else:
        print_json(found)


def read_result(api: Api, task: str) -> Any:
    """The result's JSON.

    Raises:
        CommandError: there is none (exit code 3 if the task ended without it).
    """
    try:
        answer = api.call("GET", paths.task(task, "result"))
    except CommandError as error:
        if error.status == 409:
            raise CommandError(str(error), code=Exit.TASK_FAILED, hint=f"atf get {task}") from error
        raise
    if answer.status == 202:
        raise CommandError(f"{task} is not finished", hint=f"atf wait {task}")
    return answer.body


def list_tasks(
    function: Annotated[str, typer.Argument(help="Name of the function; all if absent.")] = "",
    *,
    state: Annotated[str, typer.Option("--state", "-s", help="Only tasks in this state.")] = "",
    since: Annotated[str, typer.Option(help="15m, 2h, 3d, or an RFC 3339 time.")] = "",
    until: Annotated[str, typer.Option(help="The same.")] = "",
    prefix: Annotated[str, typer.Option(help="Beginning of the task's id.")] = "",
    error: Annotated[
        str, typer.Option(help="Only with this error class, or class/fingerprint.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """List tasks, newest first."""
    filters = {
        "task_type": function,
        "task_status": state.upper(),
        "start_date": _time(since),
        "end_date": _time(until),
        "task_id": prefix,
        "error_type": error,
    }
    with connect(CliSettings.from_env(), server) as api:
        show(_pages(api, filters, limit=limit), LIST, output, name="task_id")


def _time(text: str) -> str:
    try:
        return times.since(text, now=_now()) if text else ""
    except ValueError:
        raise UsageProblem(
            f"{text!r} is no time", hint="such as 15m, 2h, 3d, 2026-01-31T08:00:00Z"
        ) from None


def _pages(api: Api, filters: dict[str, str], *, limit: int) -> list[Row]:
    rows: list[Row] = []
    cursor = ""
    while len(rows) < limit:
        size = min(PAGE, limit - len(rows))
        page = api.get(paths.SUMMARIES, **filters, page_size=size, cursor=cursor)
        rows += page["tasks"]
        cursor = page.get("next_cursor") or ""
        if not cursor:
            break
    return rows


def cancel(
    tasks: TaskIds, *, server: Server = "", yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Cancel queued, scheduled or running tasks."""
    _each(tasks, "cancel", server, ask=len(tasks) > 1 and not yes, dry_run=dry_run)


def retry(
    tasks: TaskIds,
    *,
    reset: Annotated[bool, typer.Option(help="Give them all their attempts again.")] = True,
    server: Server = "",
    dry_run: DryRun = False,
) -> None:
    """Queue FAILED or dead-lettered tasks again."""
    body = {"reset_retry_count": reset}
    _each(tasks, "retry", server, ask=False, dry_run=dry_run, body=body)


def delete(
    tasks: TaskIds, *, server: Server = "", yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Delete tasks with their input and result."""
    _each(tasks, "delete", server, ask=not yes, dry_run=dry_run)


def _each(
    tasks: list[str],
    action: str,
    server: str,
    *,
    ask: bool,
    dry_run: bool,
    body: dict[str, Any] | None = None,
) -> None:
    """Do one thing to every task; go on after a failure, and end with the first one's exit code."""
    if not confirmed(f"{action} {len(tasks)} task(s)", list(tasks), ask=ask, dry_run=dry_run):
        return
    failed: list[CommandError] = []
    with connect(CliSettings.from_env(), server) as api:
        for task in tasks:
            try:
                _act(api, task, action, body)
                print(task)
            except CommandError as error:
                say(f"{task}: {error}")
                failed.append(error)
    if failed:
        sys.exit(failed[0].code)


def _act(api: Api, task: str, action: str, body: dict[str, Any] | None) -> None:
    if action == "delete":
        api.delete(paths.task(task))
    else:
        api.post(paths.task(task, action), body)
