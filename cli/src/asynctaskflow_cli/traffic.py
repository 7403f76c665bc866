"""What ``atf up --demo`` sends while somebody looks: steady tasks, rushes that need more workers, and trouble."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from asynctaskflow_cli import paths, samples
from asynctaskflow_cli.client import Api
from asynctaskflow_cli.showcase.symbols import CLOSED, FLAKY, GONE

LASTS_S = 600
STEADY_EVERY_S = 0.8
RUSH, RUSH_EVERY_S = 24, 45
OUTAGE, OUTAGE_EVERY_S, OUTAGE_AFTER_S = 10, 75, 20
SYMBOLS = (*5 * ["ACME", "BOLT", "CIRC", "DUNE", "ELMS"], FLAKY, FLAKY, GONE, "ZZZZ")
PARAGRAPHS = 5


@dataclass(frozen=True, slots=True)
class Call:
    """One task to submit, ``at_s`` seconds after the beginning."""

    at_s: float
    function: str
    input: dict[str, Any]


def plan(paragraphs: Sequence[str], *, seed: int = 1) -> Iterator[Call]:
    """The tasks of ``LASTS_S`` seconds, in order; the same seed gives the same ones.

    Args:
        paragraphs: of texts to summarize; none: only prices are asked for.
    """
    draw = random.Random(seed)  # noqa: S311 - not a secret
    moments = [(step * STEADY_EVERY_S, 1, "") for step in range(int(LASTS_S / STEADY_EVERY_S))]
    moments += [(at_s, RUSH, "") for at_s in range(0, LASTS_S, RUSH_EVERY_S)]
    moments += [(at_s, OUTAGE, CLOSED) for at_s in range(OUTAGE_AFTER_S, LASTS_S, OUTAGE_EVERY_S)]
    for at_s, number, symbol in sorted(moments):
        for _ in range(number):
            yield (
                Call(at_s, "quote", {"symbol": symbol}) if symbol else _any(at_s, paragraphs, draw)
            )


def _any(at_s: float, paragraphs: Sequence[str], draw: random.Random) -> Call:
    if paragraphs and draw.random() < 1 / 3:
        first = draw.randrange(max(1, len(paragraphs) - PARAGRAPHS + 1))
        return Call(
            at_s, "summarize", {"text": "\n\n".join(paragraphs[first : first + PARAGRAPHS])}
        )
    return Call(at_s, "quote", {"symbol": draw.choice(SYMBOLS)})


async def send(api_url: str, *, paid: bool) -> None:
    """Submit the plan's tasks, each at its time.

    Args:
        paid: a model answers and costs money, so nothing is sent that would ask it.

    Raises:
        CommandError: the API refused one, or went away.
    """
    text = "" if paid else samples.find(samples.TEXT).read_text(encoding="utf-8")
    began_s = time.monotonic()
    with Api(api_url) as api:
        for call in plan([one for one in text.split("\n\n") if one.strip()]):
            await asyncio.sleep(began_s + call.at_s - time.monotonic())
            path = paths.function(call.function, "tasks")
            await asyncio.to_thread(api.post, path, call.input)
