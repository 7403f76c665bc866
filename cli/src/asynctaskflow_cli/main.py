"""The ``atf`` command line: finds the command and loads only what that command needs."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from asynctaskflow_cli.exits import INTERRUPTED, CommandError

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "The local stack": {
        "up": ("stack", "Run everything on this machine until Ctrl-C"),
        "demo": ("stack", "Start, run two real tasks, show the results, stop"),
        "doctor": ("doctor", "Check this machine, the API and Redis"),
        "init": ("scaffold", "Write a function of your own: handler and manifest"),
    },
    "Tasks": {
        "submit": ("submit", "Submit a task, or one per line of a file"),
        "get": ("tasks", "Show one task"),
        "result": ("tasks", "Print a task's result"),
        "list": ("tasks", "List tasks"),
        "watch": ("watch", "Follow tasks live"),
        "wait": ("watch", "Wait until tasks are finished"),
        "cancel": ("tasks", "Cancel tasks"),
        "retry": ("tasks", "Queue failed tasks again"),
        "delete": ("tasks", "Delete tasks and their data"),
        "dlq": ("dlq", "Look into the dead-letter queue"),
        "redrive": ("dlq", "Queue dead-lettered tasks again, one or many"),
    },
    "Functions and services": {
        "functions": ("functions", "List functions, or show one"),
        "pause": ("functions", "Stop handing out a function's tasks"),
        "resume": ("functions", "Hand them out again"),
        "workers": ("functions", "List workers"),
        "scaling": ("functions", "Why a function has as many workers as it has"),
        "status": ("functions", "Depths of the queues, now"),
        "breaker": ("breaker", "Show circuit breakers, open, close or release them"),
        "limits": ("breaker", "Show rate limits"),
        "reset": ("reset", "Delete all tasks of a function"),
    },
    "In a cluster": {
        "k9s": ("k9s", "Views, keys and actions for k9s: install them, take them out"),
    },
    "For developers": {
        "simulate": ("simulate", "Simulate an API or the scaling decision"),
        "bench": ("bench", "Measure throughput and latency"),
        "openapi": ("openapi", "Print the API's OpenAPI document"),
    },
}
BUILTINS = {"list": "list_tasks"}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports one only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, short_help = COMMANDS[cmd_name]
        loaded: Any = import_module(f"asynctaskflow_cli.commands.{module}")
        group = getattr(loaded, f"{cmd_name}_app", None)
        command = typer.main.get_command(group or _single(loaded, cmd_name))
        command.name, command.short_help = cmd_name, short_help
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        """The list of commands, from the table alone: nothing is imported."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry[1]) for name, entry in commands.items()])


def _single(module: Any, name: str) -> typer.Typer:
    single = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    single.command(name)(getattr(module, BUILTINS.get(name, name)))
    return single


cli = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok, 1 error, 2 usage, 3 task failed, 4 not in time, 5 not found, "
    "130 interrupted.",
)


@cli.callback()
def atf() -> None:
    """Submit, follow and steer tasks, and run the whole system on one machine."""


def app() -> None:
    """Entry point: every error that we raise on purpose ends in one line and a documented exit code."""
    try:
        cli(prog_name="atf")
    except CommandError as error:
        print(f"Error: {error}", file=sys.stderr)
        if error.hint:
            print(f"Hint: {error.hint}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        sys.stderr.close()
        sys.exit(1)
