"""A language model that says what a test gives it, and a listener for progress."""

from dataclasses import dataclass, field

from asynctaskflow_openrouter.messages import ChatRequest, Completion, Image

MODEL = "test/model-1"


@dataclass
class ScriptedModel:
    """Gives one answer a call, the last one again and again, and remembers what it was asked.

    Attributes:
        answers: texts, whole completions, or errors to raise.
    """

    answers: list[str | Completion | Exception]
    asked: list[ChatRequest] = field(default_factory=list)
    call_ids: list[str | None] = field(default_factory=list)

    async def complete(self, request: ChatRequest, *, call_id: str | None = None) -> Completion:
        """The next answer."""
        self.asked.append(request)
        self.call_ids.append(call_id)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer, MODEL) if isinstance(answer, str) else answer

    def images(self) -> list[Image]:
        """Every image that it was shown."""
        return [
            part
            for request in self.asked
            for message in request.messages
            for part in message.parts
            if isinstance(part, Image)
        ]


@dataclass
class Reports:
    """Keeps every report of progress."""

    reports: list[tuple[float, str]] = field(default_factory=list)

    async def __call__(self, fraction: float, note: str) -> None:
        """Keep one."""
        self.reports.append((fraction, note))
