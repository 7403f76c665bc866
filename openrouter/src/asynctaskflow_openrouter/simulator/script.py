"""What the simulator is told to do: a queue of steps, and what to do when the queue is empty."""

import random
from collections import deque
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """Ways to answer a chat completion."""

    ANSWER = "answer"
    STATUS = "status"
    STALL_HEADERS = "stall_headers"
    SLOW_BODY = "slow_body"
    STALL_BODY = "stall_body"
    BROKEN_JSON = "broken_json"
    HTML = "html"
    WRONG_CHARSET = "wrong_charset"
    WRONG_SCHEMA = "wrong_schema"
    ERROR_IN_200 = "error_in_200"
    ERROR_IN_CHOICE = "error_in_choice"
    EMPTY_CHOICES = "empty_choices"
    EMPTY_TEXT = "empty_text"
    FILTERED = "filtered"
    LENGTH = "length"
    HUGE_BODY = "huge_body"
    GZIP_BOMB = "gzip_bomb"
    BROKEN_GZIP = "broken_gzip"
    REDIRECT = "redirect"
    RESET = "reset"
    CLOSE = "close"
    TRUNCATE = "truncate"


class Step(BaseModel):
    """One scripted answer.

    Attributes:
        times: requests that it serves before the next step's turn.
        latency_s: wait before anything is sent.
        status: for ``status``; also the code of ``error_in_200``.
        retry_after: header value as it is (seconds, absurd or not), or ``date:<seconds>`` for an HTTP-date that far
            from now; ``None``: no header.
        message: of an error, or the text of an answer.
        metadata: of an error object.
        location: where ``redirect`` points.
        size_bytes: of ``huge_body`` and, decompressed, of ``gzip_bomb``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Kind.ANSWER
    times: int = Field(1, ge=1)
    latency_s: float = Field(0.0, ge=0, le=3600)
    status: int = Field(500, ge=200, le=599)
    retry_after: str | None = None
    message: str | None = None
    metadata: dict[str, object] = Field(default_factory=dict)
    location: str = "http://127.0.0.1:9/elsewhere"
    size_bytes: int = Field(64 * 1024 * 1024, ge=1, le=2**31)


class Fault(BaseModel):
    """A step that happens by chance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(ge=0, le=1)
    step: Step


class Behaviour(BaseModel):
    """What happens without a script.

    Attributes:
        seed: makes chance repeatable.
        latency_s: shortest and longest wait before an answer.
        faults: at most one per request, in this order; rates add up to 1 at most.
        limit_requests: calls per window, 0: no limit; above it the answer is 429.
        valid_keys: accepted keys; empty: any.
        credits: what the account has; ``None``: unlimited. Each answer costs ``cost_per_call``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    latency_s: Annotated[tuple[float, float], Field()] = (0.0, 0.0)
    faults: tuple[Fault, ...] = ()
    limit_requests: int = Field(0, ge=0)
    limit_window_s: float = Field(10.0, gt=0)
    report_limit: bool = True
    valid_keys: tuple[str, ...] = ()
    credits: float | None = None
    cost_per_call: float = Field(0.0001, ge=0)


class Script:
    """Hands out the next step."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Start with an empty queue."""
        self._steps: deque[Step] = deque()
        self.behave(behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        """Change what happens without a script; chance starts again from its seed."""
        self.behaviour = behaviour
        self._chance = random.Random(behaviour.seed)  # noqa: S311 - a repeatable test, no secret

    def add(self, *steps: Step) -> None:
        """Queue steps, each as many times as it says."""
        self._steps.extend(step for step in steps for _ in range(step.times))

    def clear(self) -> None:
        """Forget what is queued."""
        self._steps.clear()

    def __len__(self) -> int:
        return len(self._steps)

    def next(self) -> Step:
        """The step for the request that has just come."""
        if self._steps:
            return self._steps.popleft()
        draw = self._chance.random()
        low, high = self.behaviour.latency_s
        latency_s = self._chance.uniform(low, high)
        for fault in self.behaviour.faults:
            draw -= fault.rate
            if draw < 0:
                return fault.step
        return Step(latency_s=latency_s)
