"""Reads the body of a chat completion; whatever is not a full answer becomes ``bad_response``. Pure."""

from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from asynctaskflow.errors import Permanent
from asynctaskflow_openrouter.faults import Fault, bad_response, from_error_object
from asynctaskflow_openrouter.messages import Completion, Usage

# Of one call; more is a mistake that would spoil the day's counters.
MOST_TOKENS = 10**9
MOST_USD = 10_000.0


class _Part(BaseModel):
    text: str = ""


class _Message(BaseModel):
    content: str | list[_Part] | None = None

    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    error: Any = None


class _Answer(BaseModel):
    choices: list[_Choice]
    model: str | None = None
    id: str | None = None
    usage: Any = None


def read_answer(body: bytes, *, asked_model: str) -> Completion:
    """The completion that a 200 carries.

    Raises:
        Retryable: ``bad_response``, a fault of the provider.
        Permanent: ``moderated``, a content filter withheld the text.
    """
    parsed = read_object(body)
    try:
        answer = _Answer.model_validate(parsed)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise bad_response(f"answer has another schema at {where!r}") from error
    if not answer.choices:
        raise bad_response("answer without choices")
    choice = answer.choices[0]
    return Completion(
        text=_text_of(choice),
        model=answer.model or asked_model,
        usage=_usage(answer.usage),
        truncated=choice.finish_reason == "length",
        response_id=answer.id,
    )


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a 200 carries.

    Raises:
        Retryable: ``bad_response``: not JSON, not UTF-8, not an object, or an error object.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        start = body[:60].decode(errors="replace")
        raise bad_response(f"200 without JSON ({error}): {start!r}") from error
    if not isinstance(parsed, dict):
        raise bad_response("200 with JSON that is no object")
    if parsed.get("error"):
        raise from_error_object(parsed["error"])
    return parsed


def _text_of(choice: _Choice) -> str:
    text = choice.message.text()
    if choice.error or choice.finish_reason == "error":
        raise from_error_object(choice.error or {"message": "the model stopped with an error"})
    if choice.finish_reason == "content_filter":
        raise Permanent("a content filter withheld the answer", error_class=Fault.MODERATED)
    if not text.strip():
        raise bad_response(f"answer without text (finish reason {choice.finish_reason})")
    return text


def _usage(raw: Any) -> Usage:
    """Tokens and cost; an answer is not thrown away because its bill cannot be read."""
    if not isinstance(raw, dict):
        return Usage()
    return Usage(
        prompt_tokens=_count(raw.get("prompt_tokens")),
        completion_tokens=_count(raw.get("completion_tokens")),
        cost_usd=_cost(raw.get("cost")),
    )


def _cost(raw: Any) -> float | None:
    return float(raw) if isinstance(raw, int | float) and 0 <= raw <= MOST_USD else None


def _count(raw: Any) -> int:
    return raw if isinstance(raw, int) and 0 <= raw <= MOST_TOKENS else 0
