"""A function that does what a drill asks for: take time in steps, then end well, badly, or better luck next time."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from asynctaskflow import Context, Permanent, Retryable, function

STEPS = 4


class Drill(BaseModel):
    """What the task shall do."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["well", "badly", "later"] = Field("well", description="How it ends.")
    seconds: float = Field(0, ge=0, le=600, description="How long it takes.")
    label: str = Field("", max_length=80, description="Comes back in the result.")
    urgent: bool = Field(default=False, description="Only shown.")


@function(name="drill", input=Drill)
async def drill(task: Drill, ctx: Context) -> dict[str, object]:
    """Run one drill."""
    for step in range(1, STEPS + 1):
        await asyncio.sleep(task.seconds / STEPS)
        if task.seconds:
            await ctx.progress(step / STEPS, f"step {step} of {STEPS}")
    if task.outcome == "badly":
        raise Permanent(f"drill {task.label or 'without a label'} was asked to end badly")
    if task.outcome == "later" and ctx.attempt == 1:
        raise Retryable("drill was asked to fail at first")
    return {"label": task.label, "attempt": ctx.attempt}
