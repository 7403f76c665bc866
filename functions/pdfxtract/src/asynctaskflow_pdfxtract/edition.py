"""The whole job on one document: choose the provider, read the pages, refuse what gave nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from asynctaskflow.errors import InputRejected, Retryable, TaskError
from asynctaskflow_openrouter.offline.language import detect_language
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_pdfxtract import offline
from asynctaskflow_pdfxtract.document import Document, Report
from asynctaskflow_pdfxtract.online import Extraction
from asynctaskflow_pdfxtract.page_reader import Issue, LanguageModel, PageReader
from asynctaskflow_pdfxtract.rendering import Renderer
from asynctaskflow_pdfxtract.schema import UNKNOWN_DATE, Edition, Page, PdfInput
from asynctaskflow_pdfxtract.settings import PdfxtractSettings

Progress = Callable[[float, str], Awaitable[None]]
_EMPTY = "empty_document"
_MODEL_NAME_CHARS = 200
# Articles of a page that tell its language; one page of many does not outweigh the others.
_ARTICLES_SAMPLED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What one provider made of all pages.

    Attributes:
        errors: of the pages that failed, by page number.
        renderer: what drew the page images, if any were drawn.
    """

    pages: Sequence[Page]
    errors: Mapping[int, TaskError]
    provider: str
    model: str
    language: str
    renderer: Literal["poppler", "pdfium"] | None = None


async def make_edition(
    task: PdfInput,
    data: bytes,
    *,
    settings: PdfxtractSettings,
    progress: Progress,
    model: LanguageModel | None,
    task_id: str,
) -> Edition:
    """Return the articles of a newspaper.

    Args:
        task: what the caller asked for.
        data: the PDF.
        settings: limits.
        progress: told after each page.
        model: reads page images; without one the text layer has to do.
        task_id: prefix of the calls' idempotency keys.

    Raises:
        InputRejected: no PDF, encrypted, damaged or harmful.
        Permanent: nothing could be read, and trying again would not help.
        Retryable: nothing could be read this time.
        NotNow: the model may not be asked at present.
    """

    async def report(done: int, total: int) -> None:
        await progress(done / total, f"page {done} of {total}")

    with Document(data, settings) as document:
        if model is None:
            reading = await _read_text_layer(document, report)
        else:
            issue = await _issue(document, task, task_id=task_id)
            reading = await _read_images(document, issue, model, report, settings)
    _require_articles(reading.pages, reading.errors)
    return Edition(
        filename=task.filename,
        issue_date=task.issue_date or UNKNOWN_DATE,
        provider=reading.provider,
        model=reading.model[:_MODEL_NAME_CHARS],
        renderer=reading.renderer,
        language=reading.language,
        pages=tuple(reading.pages),
    )


async def _issue(document: Document, task: PdfInput, *, task_id: str) -> Issue:
    return Issue(
        filename=task.filename,
        date=task.issue_date or UNKNOWN_DATE,
        task_id=task_id,
        pages=await document.count_pages(),
    )


async def _read_text_layer(document: Document, report: Report) -> _Reading:
    found = await offline.extract(document, report)
    return _Reading(
        pages=found.pages,
        errors=found.errors,
        provider=offline.PROVIDER,
        model=offline.METHOD,
        language=found.language,
    )


async def _read_images(
    document: Document,
    issue: Issue,
    model: LanguageModel,
    report: Report,
    settings: PdfxtractSettings,
) -> _Reading:
    renderer = Renderer(document, settings)
    reader = PageReader(model, renderer, max_answer_tokens=settings.max_answer_tokens)
    extraction = Extraction(reader, issue, report, pages_in_flight=settings.pages_in_flight)
    outcome = await extraction.run()
    pages = [outcome.pages[number] for number in sorted(outcome.pages)]
    bodies = [article.body for page in pages for article in page.articles[:_ARTICLES_SAMPLED]]
    return _Reading(
        pages=pages,
        errors=outcome.errors,
        provider=DEPENDENCY,
        model=outcome.model,
        language=detect_language("\n".join(bodies)),
        renderer=renderer.name,
    )


def _require_articles(pages: Sequence[Page], errors: Mapping[int, TaskError]) -> None:
    """Refuse a document of which no page gave an article.

    Raises:
        Retryable: some page failed for a reason that passes.
        Permanent: otherwise.
    """
    if any(page.status == "processed" for page in pages):
        return
    reasons = list(dict.fromkeys(page.reason or "" for page in pages))
    message = f"no page could be read: {'; '.join(reasons[:3])}"[:500]
    if not errors:
        raise InputRejected(message, error_class=_EMPTY)
    # What can pass outweighs what a person can mend, and that what nobody can.
    error = min(errors.values(), key=_finality)
    if isinstance(error, Retryable):
        raise Retryable(message, delay_s=error.delay_s, error_class=error.error_class)
    raise type(error)(message, error_class=error.error_class)


def _finality(error: TaskError) -> int:
    if isinstance(error, Retryable):
        return 0
    return 2 if isinstance(error, InputRejected) else 1
