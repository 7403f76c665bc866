"""Articles without a model: the text layer laid out by the child, topics and summaries by statistics."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from asynctaskflow.errors import InputRejected, Permanent
from asynctaskflow_openrouter.offline.keywords import Article as Words
from asynctaskflow_openrouter.offline.keywords import topics
from asynctaskflow_openrouter.offline.language import detect_language
from asynctaskflow_openrouter.offline.summary import summarize
from asynctaskflow_pdfxtract.document import Document, PageText, Report
from asynctaskflow_pdfxtract.schema import MAX_ARTICLES, Article, Page

PROVIDER = "offline"
METHOD = "layout+lexrank"
NO_TEXT_LAYER = "no_text_layer"
# Shorter texts are their own summary.
MIN_WORDS_TO_SUMMARIZE = 60


@dataclass(frozen=True, slots=True)
class Extract:
    """What the text layer of a document gave.

    Attributes:
        errors: of the failed pages, by page number.
        language: of most of the text.
    """

    pages: list[Page]
    errors: dict[int, Permanent]
    language: str


async def extract(document: Document, report: Report) -> Extract:
    """Return all pages of the document.

    Args:
        document: the PDF.
        report: called with pages done and pages in all after each page.

    Raises:
        InputRejected: the document is refused as a whole.
    """
    texts: list[PageText] = []

    async def take(text: PageText, total: int) -> None:
        texts.append(text)
        await report(len(texts), total)

    await document.read_pages(take)
    return await asyncio.to_thread(_finish, texts)


def _finish(texts: Sequence[PageText]) -> Extract:
    pieces = [piece for text in texts for piece in text.articles]
    language = detect_language("\n".join(piece["body"] for piece in pieces[:20]))
    words = [Words(piece["title"], piece["body"]) for piece in pieces]
    all_topics = iter(topics(words, language=language))
    return Extract(
        pages=[_page(text, [next(all_topics) for _ in text.articles]) for text in texts],
        errors={
            text.number: _error(text.failed, text.error_class)
            for text in texts
            if text.failed is not None
        },
        language=language,
    )


def _error(message: str, error_class: str) -> Permanent:
    """A scan is no fault of the document: with a model it can be read, so a redrive helps."""
    kind = Permanent if error_class == NO_TEXT_LAYER else InputRejected
    return kind(message, error_class=error_class)


def _page(text: PageText, page_topics: Sequence[tuple[str, ...]]) -> Page:
    if text.failed is not None:
        return Page(page_number=text.number, status="failed", reason=text.failed[:500])
    if text.skipped is not None:
        return Page(page_number=text.number, status="skipped", reason=text.skipped[:500])
    articles = tuple(
        _article(piece, found) for piece, found in zip(text.articles, page_topics, strict=True)
    )
    if not articles:
        return Page(page_number=text.number, status="skipped", reason="no running text")
    return Page(page_number=text.number, status="processed", articles=articles[:MAX_ARTICLES])


def _article(piece: dict[str, str], found: tuple[str, ...]) -> Article:
    kicker = piece["kicker"].strip().capitalize()[:80]
    listed = (kicker, *found) if kicker else found
    body = piece["body"][:200_000]
    return Article(
        title=piece["title"][:1000],
        subtitle=piece["subtitle"][:2000],
        author=piece["author"][:300],
        body=body,
        topics=tuple(topic[:80] for topic in listed[:6]),
        summary=_summary(body, title=piece["title"]),
    )


def _summary(body: str, *, title: str) -> str:
    if len(body.split()) < MIN_WORDS_TO_SUMMARIZE:
        return body.replace("\n\n", " ")[:5000]
    return summarize(body, title=title, length="short").text[:5000]
