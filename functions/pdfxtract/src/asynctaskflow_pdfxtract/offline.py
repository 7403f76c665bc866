"""Articles without a model: the text layer laid out by the child, topics and summaries by statistics."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from asynctaskflow_openrouter.offline.keywords import Article as Words
from asynctaskflow_openrouter.offline.keywords import topics
from asynctaskflow_openrouter.offline.language import detect_language
from asynctaskflow_openrouter.offline.summary import summarize
from asynctaskflow_pdfxtract.document import Document, PageText
from asynctaskflow_pdfxtract.schema import MAX_ARTICLES, Article, Page

PROVIDER = "offline"
METHOD = "layout+lexrank"
# Shorter texts are their own summary.
MIN_WORDS_TO_SUMMARIZE = 60

Report = Callable[[int, int], Awaitable[None]]


async def extract(document: Document, report: Report) -> tuple[list[Page], str]:
    """Return all pages and the document's language.

    Args:
        document: the PDF.
        report: called with pages done and pages in all after each page.

    Raises:
        InputRejected: the document is refused as a whole.
    """
    texts: list[PageText] = []
    total = 0
    async for item in document.read_pages():
        if isinstance(item, int):
            total = item
            continue
        texts.append(item)
        await report(len(texts), total)
    return await asyncio.to_thread(_finish, texts)


def _finish(texts: Sequence[PageText]) -> tuple[list[Page], str]:
    pieces = [piece for text in texts for piece in text.articles]
    language = detect_language("\n".join(piece["body"] for piece in pieces[:20]))
    words = [Words(piece["title"], piece["body"]) for piece in pieces]
    all_topics = iter(topics(words, language=language))
    return [_page(text, [next(all_topics) for _ in text.articles]) for text in texts], language


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
