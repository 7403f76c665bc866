"""The whole job on one text: choose the provider, summarize, count."""

import asyncio

from asynctaskflow_openrouter import offline
from asynctaskflow_openrouter.offline.language import detect_language
from asynctaskflow_openrouter.offline.sentences import split_paragraphs, split_sentences
from asynctaskflow_openrouter.offline.summary import summarize as extract
from asynctaskflow_openrouter.ports import DEPENDENCY
from asynctaskflow_summarize.schema import SummarizeInput, Summary
from asynctaskflow_summarize.settings import SummarizeSettings
from asynctaskflow_summarize.writer import LanguageModel, Report, Wish, Writer

MAX_SUMMARY_CHARACTERS = 100_000


async def make_summary(
    task: SummarizeInput,
    *,
    settings: SummarizeSettings,
    report: Report,
    model: LanguageModel | None,
    task_id: str,
) -> Summary:
    """Return the summary of a text, by a model if there is one, else of its own sentences.

    Raises:
        NotNow: the model may not be asked at present.
        TaskError: the model did not answer.
    """
    if model is None:
        return await asyncio.to_thread(_summarize_offline, task)
    language = detect_language(task.text)
    wish = Wish(length=task.length, sentences=task.sentences, language=language, task_id=task_id)
    written = await Writer(model, settings).write(task.text, wish, report)
    return _summary(
        task,
        written.text,
        language=language,
        provider=DEPENDENCY,
        model=written.model,
        parts=written.parts,
    )


def _summarize_offline(task: SummarizeInput) -> Summary:
    found = extract(task.text, length=task.length, sentences=task.sentences)
    return _summary(
        task, found.text, language=found.language, provider=offline.PROVIDER, model=offline.MODEL
    )


def _summary(
    task: SummarizeInput, text: str, *, language: str, provider: str, model: str, parts: int = 1
) -> Summary:
    text = text[:MAX_SUMMARY_CHARACTERS]
    return Summary(
        summary=text,
        language=language,
        provider=provider,
        model=model[:200],
        sentences=_count_sentences(text),
        characters=len(text),
        source_sentences=_count_sentences(task.text),
        source_characters=len(task.text),
        parts=parts,
    )


def _count_sentences(text: str) -> int:
    return max(1, sum(len(split_sentences(one.text)) for one in split_paragraphs(text)))
