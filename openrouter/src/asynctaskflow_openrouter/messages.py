"""What is said to a model and what it answers, as values; nothing here knows of HTTP."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str

    def as_json(self) -> dict[str, Any]:
        """The content part of the wire format."""
        return {"type": "text", "text": self.text}


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, sent inline as a data URL: the provider fetches nothing.

    Attributes:
        media_type: such as ``image/png``.
    """

    data: bytes
    media_type: str = "image/png"

    def as_json(self) -> dict[str, Any]:
        """The content part of the wire format."""
        url = f"data:{self.media_type};base64,{b64encode(self.data).decode('ascii')}"
        return {"type": "image_url", "image_url": {"url": url}}


Part = Text | Image


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    parts: tuple[Part, ...]

    @classmethod
    def system(cls, text: str) -> "Message":
        """Instructions: ours, never the user's."""
        return cls("system", (Text(text),))

    @classmethod
    def user(cls, *parts: Part | str) -> "Message":
        """Data to work on; plain strings are taken as text."""
        return cls("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))

    def as_json(self) -> dict[str, Any]:
        """The wire format; a lone text is a plain string, which every compatible server knows."""
        match self.parts:
            case (Text(text),):
                return {"role": self.role, "content": text}
            case parts:
                return {"role": self.role, "content": [part.as_json() for part in parts]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One question.

    Attributes:
        model: ``None`` takes the configured one.
        max_tokens: bound on the answer; ``None`` leaves it to the model.
        response_format: such as ``{"type": "json_object"}``, for models that know it.
    """

    messages: tuple[Message, ...]
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    response_format: Mapping[str, Any] | None = None

    def as_json(self, default_model: str) -> dict[str, Any]:
        """The request's body."""
        optional = {
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "response_format": self.response_format,
        }
        return {
            "model": self.model or default_model,
            "messages": [message.as_json() for message in self.messages],
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call consumed; ``cost_usd`` is ``None`` where the provider does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer. It is data and never to be trusted as instruction, path or URL.

    Attributes:
        model: the one that answered, which may differ from the one asked.
        truncated: the answer hit the token limit and is not complete.
    """

    text: str
    model: str
    usage: Usage = Usage()
    truncated: bool = False
    response_id: str | None = None
