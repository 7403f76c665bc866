"""Follows tasks to their end: progress bars on a terminal, one line per change elsewhere."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from asynctaskflow_cli import paths
from asynctaskflow_cli.client import Api
from asynctaskflow_cli.commands.options import Format
from asynctaskflow_cli.exits import CommandError, Exit, TaskFailed
from asynctaskflow_cli.render import print_json, print_yaml, say

TERMINAL = frozenset({"COMPLETED", "FAILED", "DLQ", "CANCELLED"})
FIRST_POLL_S = 0.05
MAX_POLL_S = 1.0
POLL_GROWTH = 1.3
ID_CHARS = 30

Detail = dict[str, Any]


class Bars:
    """Shows how far each task is, on stderr; a context manager."""

    def __init__(self, titles: Sequence[str]) -> None:
        """Nothing is shown yet."""
        self._screen = Console(stderr=True, highlight=False)
        self._states = ["" for _ in titles]
        self._titles = titles
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            TextColumn("{task.fields[state]:<10}{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._screen,
            disable=not self._screen.is_terminal,
        )
        self._rows: list[TaskID] = []

    def __enter__(self) -> "Bars":
        self._progress.start()
        for title in self._titles:
            self._rows.append(self._progress.add_task(title, total=1.0, state="", note=""))
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, number: int, task: Detail) -> None:
        """What the API last said of the task."""
        state = str(task["state"])
        done = 1.0 if state in TERMINAL else float(task.get("progress") or 0)
        row, note = self._rows[number], task.get("note") or ""
        self._progress.update(row, completed=done, state=state, note=note)
        if state in TERMINAL:
            self._progress.stop_task(row)
        if state != self._states[number] and not self._screen.is_terminal:
            self._screen.print(f"{self._titles[number]}: {state}")
        self._states[number] = state


def follow(api: Api, tasks: Sequence[str], *, timeout_s: float) -> list[Detail]:
    """Wait until all have ended; the last of each, in order.

    Raises:
        CommandError: a task does not exist, or one has not ended in time (exit code 4).
    """
    deadline_s = time.monotonic() + timeout_s
    found: list[Detail] = [{"task_id": task, "state": ""} for task in tasks]
    pause_s = FIRST_POLL_S
    with Bars([task if len(tasks) == 1 else task[:ID_CHARS] for task in tasks]) as bars:
        while True:
            for number, task in enumerate(tasks):
                if found[number]["state"] not in TERMINAL:
                    found[number] = look(api, task)
                    bars.show(number, found[number])
            left = [one["task_id"] for one in found if one["state"] not in TERMINAL]
            if not left:
                return found
            if time.monotonic() >= deadline_s:
                raise CommandError(
                    f"not ended within {timeout_s:g} s: {' '.join(left)}",
                    code=Exit.TIMEOUT,
                    hint="they go on; 'atf wait' waits again",
                )
            time.sleep(pause_s)
            pause_s = min(MAX_POLL_S, pause_s * POLL_GROWTH)


def look(api: Api, task: str) -> Detail:
    """A task without its input and result, which may be large.

    Raises:
        CommandError: there is no such task.
    """
    rows = api.get(paths.SUMMARIES, task_id=task)["tasks"]
    if not rows or rows[0]["task_id"] != task:
        raise CommandError(f"No such task: {task}", code=Exit.NOT_FOUND)
    return dict(rows[0])


def finish(api: Api, tasks: Sequence[str], *, timeout_s: float, form: Format) -> None:
    """Follow tasks and print their results; an object for one, a list for many.

    Raises:
        TaskFailed: at least one ended without a result.
    """
    found = follow(api, tasks, timeout_s=timeout_s)
    outputs = [
        api.get(paths.task(one["task_id"], "result")) if one["state"] == "COMPLETED" else None
        for one in found
    ]
    value = outputs[0] if len(outputs) == 1 else outputs
    if any(one["state"] == "COMPLETED" for one in found):
        if form is Format.YAML:
            print_yaml(value)
        else:
            print_json(value)
    raise_for_failed(found)


def raise_for_failed(found: Sequence[Detail]) -> None:
    """Say which tasks did not complete, and why.

    Raises:
        TaskFailed
    """
    bad = [one for one in found if one["state"] != "COMPLETED"]
    for one in bad[1:]:
        say(_why(one))
    if bad:
        raise TaskFailed(_why(bad[0]), hint=f"atf get {bad[0]['task_id']}")


def _why(task: Detail) -> str:
    error = f": {task.get('error_type')}: {task['last_error']}" if task.get("last_error") else ""
    return f"{task['task_id']} ended {task['state']}{error}"
