"""Waiting in the slot once there are answers to lose."""

from dataclasses import dataclass, field

import pytest

from asynctaskflow import NotNow, Permanent, Retryable
from asynctaskflow_openrouter.attempt_model import AttemptModel
from asynctaskflow_openrouter.messages import ChatRequest, Completion

OPEN = NotNow("open", reason="breaker_open", delay_s=30)
LIMITED = Retryable("slow down", delay_s=7, error_class="rate_limited")
LIMITED_SOMEHOW = Retryable("slow down", error_class="rate_limited")
DOWN = Retryable("HTTP 503", error_class="unavailable")
ANSWER = Completion("text", "model")


@dataclass
class Clockwork:
    """Answers from a list; waiting uses up the attempt's time and nothing else."""

    answers: list[Completion | Exception]
    remaining: float = 600.0
    pauses: list[float] = field(default_factory=list)

    async def ask(self, _request: ChatRequest, _call_id: str | None) -> Completion:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.remaining -= seconds


async def ask_all(clockwork: Clockwork, *, times: int) -> None:
    """Ask so many times in one attempt; each question must be answered."""
    model = AttemptModel(
        clockwork.ask, remaining_s=lambda: clockwork.remaining, pause=clockwork.pause
    )
    for _ in range(times):
        assert await model.complete(ChatRequest(messages=())) is ANSWER


@pytest.mark.parametrize("error", [OPEN, LIMITED, DOWN])
async def test_before_the_first_answer_nothing_is_waited_for(error):
    clockwork = Clockwork([error])

    with pytest.raises(type(error)):
        await ask_all(clockwork, times=1)

    assert clockwork.pauses == []


async def test_after_it_the_attempt_waits_as_long_as_it_is_told():
    clockwork = Clockwork([ANSWER, OPEN, LIMITED, LIMITED_SOMEHOW, ANSWER, ANSWER])

    await ask_all(clockwork, times=3)

    assert clockwork.pauses == [30, 7, 10]


async def test_a_delay_of_nothing_does_not_make_it_spin():
    clockwork = Clockwork([ANSWER, NotNow("now", reason="raced", delay_s=0), ANSWER])

    await ask_all(clockwork, times=2)

    assert clockwork.pauses == [1]


async def test_a_wait_that_leaves_no_time_for_the_call_hands_the_task_back():
    clockwork = Clockwork([ANSWER, OPEN, OPEN, OPEN], remaining=125)

    with pytest.raises(NotNow):
        await ask_all(clockwork, times=2)

    assert clockwork.pauses == [30, 30]


@pytest.mark.parametrize("error", [DOWN, Permanent("bad key", error_class="credential_rejected")])
async def test_other_errors_are_not_waited_out(error):
    clockwork = Clockwork([ANSWER, error])

    with pytest.raises(type(error)):
        await ask_all(clockwork, times=2)

    assert clockwork.pauses == []
