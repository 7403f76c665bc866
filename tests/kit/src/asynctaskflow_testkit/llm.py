"""The sample function ``llm``: one call of an outside service through its shared limiter and breaker.

Apart from ``handlers`` because it imports the OpenRouter client; the service is the simulator.
"""

import time
from functools import cache

from pydantic import BaseModel

from asynctaskflow import Context, function
from asynctaskflow.errors import TaskError
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.messages import ChatRequest, Completion, Message
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_testkit.handlers import Done, note_call, recorded

DEPENDENCY = "openrouter"


class Prompt(BaseModel):
    """Input of ``llm``."""

    text: str = "hello"


@cache
def _client() -> OpenRouterClient:
    return OpenRouterClient(OpenRouterSettings())


@function(name="llm", input=Prompt, output=Done, dependencies=[DEPENDENCY])
async def llm(task: Prompt, ctx: Context) -> Done:
    """Ask the model once."""

    async def ask() -> Completion:
        granted_s = time.monotonic()
        outcome = "answered"
        try:
            request = ChatRequest(messages=(Message.user(task.text),))
            return await _client().complete(request, call_id=ctx.task_id)
        except TaskError as error:
            outcome = error.error_class
            raise
        finally:
            note_call(ctx, outcome, granted_s)

    with recorded(ctx) as done:
        completion = await ctx.dependency(DEPENDENCY).call(ask)
        done.text = completion.text
    return done
