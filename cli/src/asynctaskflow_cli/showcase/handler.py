"""Prices from an exchange that is played here: what it answers follows from the symbol and the attempt alone."""

import asyncio
import random

from pydantic import BaseModel, Field

from asynctaskflow import Context, Permanent, Retryable, function
from asynctaskflow_cli.showcase.symbols import CLOSED, FLAKY, GONE, PRICES


class Wanted(BaseModel):
    """Whose price."""

    symbol: str = Field(
        pattern="^[A-Z]{1,8}$",
        description=f"{', '.join(PRICES)}; {CLOSED}: the exchange is closed at first; {FLAKY}: it answers "
        f"at the second attempt; {GONE}: it never does; any other: it has no such symbol.",
    )


@function(name="quote", input=Wanted, dependencies=["exchange"])
async def quote(task: Wanted, ctx: Context) -> dict[str, object]:
    """Price of a symbol."""
    await ctx.progress(0.1, "asking the exchange")
    price = await ctx.dependency("exchange").call(lambda: ask(task.symbol, attempt=ctx.attempt))
    return {"symbol": task.symbol, "price": price, "attempt": ctx.attempt}


async def ask(symbol: str, *, attempt: int) -> float:
    """The exchange's answer, after the time that exchanges take.

    Raises:
        Retryable: it is closed, or cannot answer now.
        Permanent: it knows no such symbol.
    """
    await asyncio.sleep(_delay_s())
    request = random.randrange(10_000, 100_000)  # noqa: S311 - a number to tell requests apart
    if symbol == CLOSED and attempt == 1:
        raise Retryable("the exchange is closed", provider_fault=True)
    if symbol == GONE or (symbol == FLAKY and attempt == 1):
        raise Retryable(f"503 for request {request}", error_class="unavailable")
    if symbol not in PRICES:
        raise Permanent(f"no symbol {symbol!r}", error_class="unknown_symbol")
    return PRICES[symbol]


def _delay_s() -> float:
    return random.uniform(0.3, 1.5)  # noqa: S311 - plays a network
