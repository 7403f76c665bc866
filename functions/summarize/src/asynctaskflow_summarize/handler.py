"""The function as a worker runs it: ``atf-worker asynctaskflow_summarize.handler:summarize``."""

from functools import cache

from asynctaskflow import Context, function
from asynctaskflow_openrouter import OpenRouterSettings
from asynctaskflow_openrouter.attempt_model import model_for
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_summarize.job import make_summary
from asynctaskflow_summarize.schema import SummarizeInput, Summary
from asynctaskflow_summarize.settings import SummarizeSettings


@cache
def settings_of_process() -> tuple[SummarizeSettings, OpenRouterSettings]:
    """Return the settings, read from the environment at the first task."""
    return SummarizeSettings(), OpenRouterSettings()


@function(name="summarize", input=SummarizeInput, output=Summary, dependencies=[DEPENDENCY])
async def summarize(task: SummarizeInput, ctx: Context) -> Summary:
    """Summarize a text in its own language."""
    settings, openrouter = settings_of_process()
    return await make_summary(
        task,
        settings=settings,
        report=ctx.progress,
        model=model_for(ctx, openrouter),
        task_id=ctx.task_id,
    )
