"""Pages read by a model from their images: one question a page, one chance to repair the answer."""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Literal, Protocol

from asynctaskflow_openrouter.messages import ChatRequest, Completion, Message, Text
from asynctaskflow_pdfxtract.answers import Unusable, parse_articles
from asynctaskflow_pdfxtract.rendering import Renderer
from asynctaskflow_pdfxtract.schema import Article

MAX_REPEATED_CHARACTERS = 60_000
_PROMPTS = files("asynctaskflow_pdfxtract") / "prompts"


class LanguageModel(Protocol):
    """What is asked of a model; the guarded client of the openrouter package is one."""

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        """Answer one question, or raise ``NotNow`` or a ``TaskError``."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model made of a page."""

    articles: tuple[Article, ...]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What is known of the newspaper beside its pages."""

    filename: str
    date: date | Literal["unknown"]
    task_id: str
    pages: int


class PageReader:
    """Asks a model for the articles of a page."""

    def __init__(self, model: LanguageModel, renderer: Renderer, *, max_answer_tokens: int) -> None:
        """Read the prompts once."""
        self._model = model
        self._renderer = renderer
        self._max_answer_tokens = max_answer_tokens
        self._instructions = _prompt("page.md")
        self._repair = _prompt("repair.md")

    async def read(self, number: int, issue: Issue) -> Reading:
        """Return the articles of page ``number``.

        Raises:
            ChildFailed: the page cannot be rendered.
            Unusable: the answer was no use twice.
            TaskError: the model did not answer.
            NotNow: the model may not be asked at present.
        """
        about = f"Page {number} of {issue.pages}. File: {issue.filename}. Issue date: {issue.date}."
        question = (
            Message.system(self._instructions),
            Message.user(about, await self._renderer.render(number)),
        )
        call_id = f"{issue.task_id}-p{number}"
        completion = await self._ask(question, call_id)
        try:
            return _understand(completion)
        except Unusable as error:
            problem = self._repair.replace("{problem}", str(error))
            answered = Text(completion.text[:MAX_REPEATED_CHARACTERS])
            first = Message("assistant", (answered,))
            again = (*question, first, Message.user(problem))
            return _understand(await self._ask(again, f"{call_id}-repair"))

    async def _ask(self, messages: tuple[Message, ...], call_id: str) -> Completion:
        request = ChatRequest(
            messages=messages,
            max_tokens=self._max_answer_tokens,
            temperature=0.0,
            response_format={"type": "json_object"},
        )
        return await self._model.complete(request, call_id=call_id)


def _understand(completion: Completion) -> Reading:
    if completion.truncated:
        raise Unusable("it was cut off at the token limit; leave out summaries and topics")
    return Reading(parse_articles(completion.text), completion.model)


def _prompt(name: str) -> str:
    return (_PROMPTS / name).read_text(encoding="utf-8")
