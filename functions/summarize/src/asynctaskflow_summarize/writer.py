"""Summaries written by a model; long texts in parts first, then from the notes on them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from asynctaskflow.errors import Retryable
from asynctaskflow_openrouter.messages import ChatRequest, Completion, Message
from asynctaskflow_openrouter.offline.sentences import split_sentences
from asynctaskflow_openrouter.offline.summary import Length
from asynctaskflow_summarize.chunks import split_text
from asynctaskflow_summarize.settings import SummarizeSettings

Report = Callable[[float, str], Awaitable[None]]

NOTE_SENTENCES = 8
# A sentence of news has 25 to 40 tokens; in languages that need more, twice that.
TOKENS_PER_SENTENCE = 110
_SIZES: dict[Length, tuple[str, int]] = {
    "short": ("one or two sentences", 2),
    "medium": ("three to five sentences", 5),
    "long": ("eight to twelve sentences", 12),
}
_PROMPTS = files("asynctaskflow_summarize") / "prompts"


class LanguageModel(Protocol):
    """What is asked of a model; the guarded client of the openrouter package is one."""

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        """Answer one question, or raise ``NotNow`` or a ``TaskError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the summary shall be like."""

    length: Length
    sentences: int | None
    language: str
    task_id: str

    @property
    def size(self) -> tuple[str, int]:
        """The size in words for a prompt, and the number of sentences to leave room for."""
        if self.sentences is None:
            return _SIZES[self.length]
        return f"exactly {self.sentences} sentences", self.sentences


@dataclass(frozen=True, slots=True)
class Written:
    """A model's summary."""

    text: str
    model: str
    parts: int


class Writer:
    """Asks a model for summaries."""

    def __init__(self, model: LanguageModel, settings: SummarizeSettings) -> None:
        """Read the prompts once."""
        self._model = model
        self._settings = settings
        self._summarize = (_PROMPTS / "summarize.md").read_text(encoding="utf-8")
        self._part = (_PROMPTS / "part.md").read_text(encoding="utf-8")

    async def write(self, text: str, wish: Wish, report: Report) -> Written:
        """Return the summary of ``text``.

        Raises:
            NotNow: the model may not be asked at present.
            TaskError: the model did not answer.
        """
        parts = split_text(text, max_tokens=self._settings.part_max_tokens)
        total = len(parts)
        level = 0
        while len(parts) > 1:
            notes = await self._take_notes(parts, wish, report, level=level)
            parts = split_text("\n\n".join(notes), max_tokens=self._settings.part_max_tokens)
            level += 1
        size, sentences = wish.size
        instructions = _fill(self._summarize, size=size, language=_hint(wish.language))
        completion = await self._ask(instructions, parts[0], sentences, f"{wish.task_id}-summary")
        return Written(_whole_sentences(completion), completion.model, total)

    async def _take_notes(
        self, parts: list[str], wish: Wish, report: Report, *, level: int
    ) -> list[str]:
        notes: list[str] = []
        step = self._settings.parts_in_flight
        for start in range(0, len(parts), step):
            batch = [
                self._note(parts, index, wish, level=level)
                for index in range(start, min(start + step, len(parts)))
            ]
            answers = await asyncio.gather(*batch, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
                notes.append(answer)
            await report(0.9 * len(notes) / len(parts), f"part {len(notes)} of {len(parts)}")
        return notes

    async def _note(self, parts: list[str], index: int, wish: Wish, *, level: int) -> str:
        instructions = _fill(
            self._part,
            size=f"{NOTE_SENTENCES} sentences",
            language=_hint(wish.language),
            number=str(index + 1),
            total=str(len(parts)),
        )
        call_id = f"{wish.task_id}-{level}-{index}"
        return _whole_sentences(
            await self._ask(instructions, parts[index], NOTE_SENTENCES, call_id)
        )

    async def _ask(self, instructions: str, text: str, sentences: int, call_id: str) -> Completion:
        request = ChatRequest(
            messages=(Message.system(instructions), Message.user(text)),
            max_tokens=sentences * TOKENS_PER_SENTENCE + 400,
            temperature=0.2,
        )
        return await self._model.complete(request, call_id=call_id)


def _fill(prompt: str, **values: str) -> str:
    for name, value in values.items():
        prompt = prompt.replace(f"{{{name}}}", value)
    return prompt


def _hint(language: str) -> str:
    return "" if language == "und" else f" (ISO 639-1 code: {language})"


def _whole_sentences(completion: Completion) -> str:
    """Return the answer; of one that was cut off, the sentences that are complete.

    Raises:
        Retryable: nothing is left.
    """
    text = completion.text.strip()
    if completion.truncated:
        text = " ".join(split_sentences(" ".join(text.split()))[:-1])
    if not text:
        raise Retryable("the model gave no summary", error_class="unusable_answer")
    return text
