"""``atf simulate``: the model API, and the scaling decision in virtual time."""

import os
import random
import sys
from typing import Annotated

import typer

from asynctaskflow.model.function import ScaleDown, Scaling, ScalingTarget
from asynctaskflow.scaling import DependencySight, Policy
from asynctaskflow.scaling.simulation import Outcome, Plant, bursts, simulate
from asynctaskflow_cli.commands.options import Format, Output
from asynctaskflow_cli.render import Column, print_json, print_yaml, show, show_one

simulate_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

CHANGES = (
    Column("AT", lambda row: f"{row['at_s']:.1f}s"),
    Column("WORKERS", lambda row: f"{row['from']} -> {row['to']}"),
    Column("LIMITED-BY", lambda row: row["limited_by"]),
    Column("WHY", lambda row: row["reason"]),
)
TOTALS = (
    Column("tasks started", lambda row: row["tasks"]),
    Column("tasks left over", lambda row: row["unstarted"] or None),
    Column("wait p50", lambda row: f"{row['wait_p50_s']:.1f} s"),
    Column("wait p95", lambda row: f"{row['wait_p95_s']:.1f} s"),
    Column("wait max", lambda row: f"{row['wait_max_s']:.1f} s"),
    Column("most workers", lambda row: row["peak"]),
    Column("worker-seconds", lambda row: f"{row['worker_s']:.0f}"),
    Column("per second of work", lambda row: f"{row['cost']:.2f}"),
)


@simulate_app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def openrouter(ctx: typer.Context) -> None:
    """Run the simulator of an OpenAI-compatible API (its own --help lists the options)."""
    argv = [sys.executable, "-m", "asynctaskflow_openrouter.simulator", *ctx.args]
    os.execv(sys.executable, argv)  # noqa: S606 - what ends this command ends the simulator


@simulate_app.command()
def scaling(
    tasks: Annotated[int, typer.Option(min=1, max=100_000, help="Tasks per burst.")] = 40,
    bursts_: Annotated[int, typer.Option("--bursts", min=1, max=1000)] = 2,
    every: Annotated[float, typer.Option(help="Seconds between bursts.")] = 110,
    run: Annotated[str, typer.Option(help="Seconds a task runs, LOW-HIGH.")] = "1-4",
    slots: Annotated[int, typer.Option(min=1, help="Tasks one worker runs at once.")] = 1,
    max_replicas: Annotated[int, typer.Option("--max", min=1, help="Most workers.")] = 10,
    min_replicas: Annotated[int, typer.Option("--min", min=0, help="Fewest workers.")] = 0,
    idle: Annotated[float, typer.Option(help="Idle seconds before zero.")] = Scaling().idle_seconds,
    stabilization: Annotated[
        float, typer.Option(help="Scale-down window in seconds.")
    ] = ScaleDown().stabilization_seconds,
    drain: Annotated[float, typer.Option(help="Drain the backlog in so many seconds; 0: off.")] = 0,
    limit: Annotated[float, typer.Option(help="Calls per second of a dependency; 0: none.")] = 0,
    start: Annotated[float, typer.Option(help="Seconds a worker needs to start.")] = 2.0,
    seed: int = 1,
    output: Output = Format.TABLE,
) -> None:
    """Play bursts of tasks against the scaling decision and show each decision with its reason."""
    draw = random.Random(seed)  # noqa: S311 - a simulation
    low, high = _range(run)
    runs_s = [draw.uniform(low, high) for _ in range(tasks)]
    fields = Scaling(
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        idle_seconds=idle,
        target=ScalingTarget(drain_seconds=drain),
        down=ScaleDown(stabilization_seconds=stabilization),
    )
    limited = (DependencySight("dependency", limit_per_s=limit),) if limit else ()
    plant = Plant(start_s=start, until_s=bursts_ * every, dependencies=limited)
    jobs = bursts(runs_s=runs_s, count=bursts_, every_s=every)
    _print(simulate(jobs, Policy(fields, slots=slots), plant), output)


def _range(text: str) -> tuple[float, float]:
    try:
        low, _, high = text.partition("-")
        span = float(low), float(high or low)
    except ValueError:
        raise typer.BadParameter("expected SECONDS or LOW-HIGH, such as 1-4") from None
    if not 0 < span[0] <= span[1]:
        raise typer.BadParameter("expected 0 < LOW <= HIGH")
    return span


def _print(outcome: Outcome, form: Format) -> None:
    changes = [
        {
            "at_s": round(at_s, 3),
            "from": decision.previous,
            "to": decision.replicas,
            "limited_by": str(decision.limited_by),
            "reason": decision.reason.partition(": ")[2],
        }
        for at_s, decision in outcome.changes
    ]
    totals = {
        "tasks": len(outcome.waits_s),
        "unstarted": outcome.unstarted,
        "wait_p50_s": round(outcome.wait_s(0.5), 3),
        "wait_p95_s": round(outcome.wait_s(0.95), 3),
        "wait_max_s": round(outcome.wait_s(1.0), 3),
        "peak": outcome.peak,
        "worker_s": round(outcome.worker_s, 3),
        "work_s": round(outcome.work_s, 3),
        "cost": round(outcome.cost, 3),
    }
    match form:
        case Format.JSON:
            print_json({**totals, "changes": changes})
        case Format.YAML:
            print_yaml({**totals, "changes": changes})
        case _:
            show(changes, CHANGES, form, name="to")
            print()
            show_one(totals, TOTALS, form, name="cost")
