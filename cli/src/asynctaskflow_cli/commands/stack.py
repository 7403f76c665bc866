"""``atf up`` and ``atf demo``: the whole system on this machine."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from asynctaskflow.errors import AsyncTaskFlowError
from asynctaskflow_cli import traffic
from asynctaskflow_cli.commands.options import Format, Output
from asynctaskflow_cli.demo import Demo
from asynctaskflow_cli.exits import INTERRUPTED, CommandError, Exit
from asynctaskflow_cli.settings import CliSettings, inherited_environment
from asynctaskflow_cli.stack.manifests import BadManifest, load
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.record import AlreadyRunning, FolderUnusable
from asynctaskflow_cli.stack.server import NoServerProgram
from asynctaskflow_cli.stack.stack import (
    Plan,
    Stack,
    StackFailed,
    choose_api_port,
    has_dashboard,
    running,
)

EXPECTED = (
    AsyncTaskFlowError,
    AlreadyRunning,
    BadManifest,
    FolderUnusable,
    NoServerProgram,
    StackFailed,
)
SHOWCASE = Path(__file__).parents[1] / "showcase"
MODEL_KEY = "OPENROUTER_API_KEY"
Functions = Annotated[
    list[Path] | None,
    typer.Option("--functions", "-f", help="More manifests: a file or folder; repeatable."),
]
WithDemo = Annotated[
    bool,
    typer.Option(
        "--demo", help="Run the two sample tasks, then send some for ten minutes, with trouble."
    ),
]
LogDir = Annotated[Path | None, typer.Option(help="One log file per process in this folder.")]


def up(
    *,
    functions: Functions = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the server keeps its data.")] = None,
    port: Annotated[int, typer.Option(help="Port of the API; 0: 8000, or any if it is taken.")] = 0,
    metrics_port: Annotated[
        int, typer.Option(help="Port of the supervisor's /metrics, /live, /ready; 0: any.")
    ] = 0,
    redis_port: Annotated[int, typer.Option(help="Port of the server; 0: any.")] = 0,
    redis_url: Annotated[str, typer.Option(help="Use this Redis instead of an embedded one.")] = "",
    grace: Annotated[float, typer.Option(help="Seconds for running tasks when it stops.")] = 30,
    shipped: Annotated[bool, typer.Option(help="Run summarize and pdfxtract too.")] = True,
    demo: WithDemo = False,
    log_dir: LogDir = None,
) -> None:
    """Run server, API and workers until Ctrl-C; workers come and go with the demand."""
    settings = CliSettings.from_env()
    console = Console(color=_is_colored(settings), log_dir=log_dir)
    with _told():
        plan = Plan(
            manifests=load([*([SHOWCASE] if demo else []), *(functions or [])], shipped=shipped),
            data_dir=data_dir or settings.state_dir / "data",
            env=inherited_environment(),
            redis_url=redis_url,
            redis_port=redis_port,
            api_port=choose_api_port(port),
            probe_port=metrics_port,
            grace_s=grace,
            publish_in=settings.state_dir,
        )
        raise typer.Exit(asyncio.run(_up(plan, console, demo=demo)))


def demo(
    *,
    output: Output = Format.TABLE,
    log_dir: LogDir = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the processes' logs.")
    ] = False,
) -> None:
    """Start everything, summarize a text, extract a newspaper's articles, show both, stop."""
    console = Console(color=_is_colored(CliSettings.from_env()), log_dir=log_dir, echo=verbose)
    with _told(), tempfile.TemporaryDirectory(prefix="atf-demo-") as folder:
        plan = Plan(
            manifests=load(),
            data_dir=Path(folder),
            env=inherited_environment(),
            grace_s=5,
            with_schemas=False,
        )
        raise typer.Exit(asyncio.run(_demo(plan, console, Demo(output))))


async def _up(plan: Plan, console: Console, *, demo: bool) -> int:
    stopping = _on_signals(console)
    async with running(plan, console) as stack:
        _announce(stack, dashboard=await has_dashboard(stack.api_url))
        if demo:
            await _until_first(stopping, stack.failed, work=_show(stack, plan.env))
        await _until_first(stopping, stack.failed)
        code = Exit.ERROR if stack.failed.is_set() else Exit.OK
        console.say("stopping: workers finish or hand back their tasks")
    console.say("stopped")
    return code


async def _show(stack: Stack, env: Mapping[str, str]) -> None:
    """Play the samples, then keep tasks coming; the stack outlives what goes wrong with those."""
    await Demo(Format.TABLE).play(stack.api_url)
    paid = bool(env.get(MODEL_KEY))
    what = "quotes, nothing that a model is paid for," if paid else "quotes and summaries"
    stack.console.say(
        f"demo       {what} for {traffic.LASTS_S // 60} minutes; some fail on purpose"
    )
    try:
        await traffic.send(stack.api_url, paid=paid)
    except CommandError as error:
        stack.console.say(f"demo       ended early: {error}")
    else:
        stack.console.say("demo       ended; everything stays up for your own tasks")


async def _demo(plan: Plan, console: Console, demo: Demo) -> int:
    stopping = _on_signals(console)
    async with running(plan, console) as stack:
        finished = await _until_first(stopping, stack.failed, work=demo.play(stack.api_url))
        if finished:
            return demo.exit_code
        return INTERRUPTED if stopping.is_set() else Exit.ERROR


def _announce(stack: Stack, *, dashboard: bool) -> None:
    names = ", ".join(stack.supervisor.managed) or "none"
    if dashboard:
        stack.console.say(f"dashboard  {stack.api_url}/")
    stack.console.say(f"API        {stack.api_url}")
    stack.console.say(f"functions  {names}")
    stack.console.say(f"metrics    {stack.probe_url}/metrics, /live, /ready: scaling, restarts")
    if stack.found_url != stack.api_url:
        stack.console.say(f"note       atf commands go to {stack.found_url}, which was first;")
        stack.console.say(f"           for this stack set ATF_SERVER={stack.api_url}")
    stack.console.say(f"try        {_own_name()} submit summarize --text 'Some text.' --wait")
    stack.console.say("stop       Ctrl-C; again to kill everything at once")


def _own_name() -> str:
    """How to call this program here: the ``atf`` of a virtual environment is seldom on the path."""
    return "atf" if shutil.which("atf") else sys.argv[0]


def _on_signals(console: Console) -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; the second one ends this process and with it every child."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            console.say("interrupted again: killing everything")
            sys.stderr.flush()
            signal.raise_signal(signal.SIGKILL)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping


@contextmanager
def _told() -> Iterator[None]:
    """What can go wrong at start, as one line instead of a traceback."""
    try:
        yield
    except EXPECTED as error:
        raise CommandError(str(error), hint=_hint(error)) from error
    except ExceptionGroup as group:
        matched, rest = group.split(EXPECTED)
        if rest or matched is None:
            raise
        raise CommandError("; ".join(map(str, _leaves(matched)))) from group


def _hint(error: Exception) -> str:
    """Errors that say what to do themselves need none."""
    said = isinstance(error, AlreadyRunning | FolderUnusable)
    return "" if said else "'atf doctor' checks this machine"


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _until_first(
    *events: asyncio.Event, work: Coroutine[object, object, None] | None = None
) -> bool:
    """Wait for an event or the work; whether the work ended. Its error is raised here."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    working = asyncio.create_task(work) if work else None
    try:
        await asyncio.wait([*waits, *([working] if working else [])], return_when="FIRST_COMPLETED")
    finally:
        for wait in waits:
            wait.cancel()
    if working is None:
        return False
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return False
    working.result()
    return True


def _is_colored(settings: CliSettings) -> bool:
    return sys.stderr.isatty() and not settings.no_color
