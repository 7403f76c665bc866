"""The function as a worker runs it: ``atf-worker asynctaskflow_summarize.handler:summarize``."""

from asynctaskflow import Context, function
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_summarize.job import make_summary
from asynctaskflow_summarize.schema import SummarizeInput, Summary
from asynctaskflow_summarize.settings import SummarizeSettings


@function(name="summarize", input=SummarizeInput, output=Summary, dependencies=[DEPENDENCY])
async def summarize(task: SummarizeInput, ctx: Context) -> Summary:
    """Summarize a text in its own language."""
    return await make_summary(
        task,
        settings=SummarizeSettings(),
        report=ctx.progress,
        model=None,
        task_id=ctx.task_id,
    )
