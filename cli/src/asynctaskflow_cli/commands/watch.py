"""``atf watch`` and ``atf wait``."""

import json
import time
from datetime import datetime
from typing import Annotated, Any

import typer

from asynctaskflow_cli import paths
from asynctaskflow_cli.client import connect
from asynctaskflow_cli.commands.options import Format, Output, Server, TaskIds, Timeout
from asynctaskflow_cli.exits import CommandError, Exit, UsageProblem
from asynctaskflow_cli.follow import TERMINAL, finish, follow, raise_for_failed
from asynctaskflow_cli.render import out, say, styled
from asynctaskflow_cli.settings import CliSettings
from asynctaskflow_cli.sse import EventFeed, ServerEvent

QUIET_KINDS = frozenset({"progress"})


def wait(
    tasks: TaskIds,
    *,
    timeout: Timeout = 600,
    results: Annotated[bool, typer.Option("--results", help="Print their results.")] = False,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """Wait until tasks are finished; exit code 3 if one failed, 4 if one takes too long."""
    with connect(CliSettings.from_env(), server) as api:
        if results:
            finish(api, tasks, timeout_s=timeout, form=output)
        else:
            raise_for_failed(follow(api, tasks, timeout_s=timeout))


def watch(
    task: Annotated[str, typer.Argument(metavar="[TASK]", help="Ends when it has.")] = "",
    *,
    function: Annotated[str, typer.Option("--function", "-f", help="Only this function's.")] = "",
    progress: Annotated[bool, typer.Option("--progress", help="Progress reports too.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="Stop after so many seconds; 0: never.")
    ] = 0,
    server: Server = "",
    output: Output = Format.TABLE,
) -> None:
    """Print each change as it happens, and go on after a lost connection without missing one."""
    if task and function:
        raise UsageProblem("a task or a function, not both")
    deadline_s = time.monotonic() + timeout if timeout else None
    query = f"?task={task}" if task else f"?function={function}" if function else ""
    with connect(CliSettings.from_env(), server) as api:
        feed = EventFeed(api, paths.EVENTS + query, lost=say, deadline_s=deadline_s)
        ended = [""]

        def opened() -> None:
            """The task may have ended before the stream began."""
            if task:
                ended[0] = str(api.get(paths.task(task))["state"])

        for event in feed.events(opened=opened):
            state = _told(event, output, with_progress=progress or bool(task)) or ended[0]
            if task and state in TERMINAL:
                _end(task, state)
                return


def _end(task: str, state: str) -> None:
    if state != "COMPLETED":
        raise CommandError(f"{task} ended {state}", code=Exit.TASK_FAILED, hint=f"atf get {task}")


def _told(event: ServerEvent, form: Format, *, with_progress: bool) -> str:
    """Print an event; the state that it brought, empty if none."""
    if event.name == "reset":
        say("some events are no longer kept: what follows is from now on")
        return ""
    if event.name not in {"task", "function"}:
        return ""
    fields = json.loads(event.data)
    if with_progress or fields["kind"] not in QUIET_KINDS:
        if form is Format.JSON:
            print(json.dumps(fields, ensure_ascii=False), flush=True)
        else:
            out().print(_line(fields))
    return str(fields.get("new_state") or "")


def _line(fields: dict[str, Any]) -> str:
    at = datetime.fromisoformat(fields["at"]).astimezone()
    what = fields.get("task_id") or fields["function"]
    parts = [at.strftime("%H:%M:%S.%f")[:-3], what, fields["kind"]]
    if fields.get("new_state") and fields["new_state"] != fields.get("old_state"):
        parts.append(styled(fields["new_state"]))
    if fields["kind"] == "progress":
        parts.append(f"{float(fields['progress']):.0%}")
    parts += [str(fields[name]) for name in ("note", "error_class", "worker") if fields.get(name)]
    return "  ".join(parts)
