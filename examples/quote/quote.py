"""Asks a slow outside service: an async function behind a shared rate limit and circuit breaker."""

import asyncio

from asynctaskflow import Context, Retryable, function


@function(name="quote", dependencies=["exchange"])
async def quote(task: dict[str, str], ctx: Context) -> dict[str, object]:
    async def ask() -> float:
        await asyncio.sleep(0.01)  # an HTTP call in real life
        if task["symbol"] == "DOWN":
            raise Retryable("the exchange is closed", delay_s=30, provider_fault=True)
        return 100.0

    price = await ctx.dependency("exchange").call(ask)
    return {"symbol": task["symbol"], "price": price, "attempt": ctx.attempt}
