"""The function as a worker runs it: ``atf-worker asynctaskflow_pdfxtract.handler:pdfxtract``."""

import base64
import binascii
from functools import cache

from asynctaskflow import Context, InputRejected, function
from asynctaskflow_openrouter import OpenRouterSettings
from asynctaskflow_openrouter.attempt_model import model_for
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_pdfxtract.edition import make_edition
from asynctaskflow_pdfxtract.schema import Edition, PdfInput
from asynctaskflow_pdfxtract.settings import PdfxtractSettings


@cache
def settings_of_process() -> tuple[PdfxtractSettings, OpenRouterSettings]:
    """Return the settings, read from the environment at the first task."""
    return PdfxtractSettings(), OpenRouterSettings()


async def load(task: PdfInput, ctx: Context) -> bytes:
    """Return the PDF that the task is about.

    Raises:
        InputRejected: the text is no base 64.
    """
    if task.pdf_ref is not None:
        return await ctx.read_blob(task.pdf_ref)
    try:
        return base64.b64decode(task.pdf_base64 or "", validate=True)
    except binascii.Error as error:
        raise InputRejected("pdf_base64: not valid base 64", error_class="not_a_pdf") from error


@function(name="pdfxtract", input=PdfInput, output=Edition, dependencies=[DEPENDENCY])
async def pdfxtract(task: PdfInput, ctx: Context) -> Edition:
    """Extract the articles of a newspaper."""
    settings, openrouter = settings_of_process()
    return await make_edition(
        task,
        await load(task, ctx),
        settings=settings,
        progress=ctx.progress,
        model=model_for(ctx, openrouter),
        task_id=ctx.task_id,
    )
