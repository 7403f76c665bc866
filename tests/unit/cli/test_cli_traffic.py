"""What the demo sends, and that its function answers as its symbols promise."""

import pytest

from asynctaskflow import Permanent, Retryable
from asynctaskflow_cli.showcase import handler
from asynctaskflow_cli.showcase.symbols import CLOSED, FLAKY, GONE, PRICES
from asynctaskflow_cli.traffic import LASTS_S, OUTAGE, RUSH, plan

TEXT = [f"Paragraph {number}." for number in range(12)]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(handler, "_delay_s", lambda: 0)


def test_the_plan_is_in_order_and_the_same_each_time():
    calls = list(plan(TEXT))
    moments = [call.at_s for call in calls]
    assert moments == sorted(moments)
    assert calls == list(plan(TEXT))
    assert LASTS_S * 0.9 < moments[-1] < LASTS_S


def test_the_plan_begins_with_a_rush_and_has_trouble_of_every_kind_within_two_minutes():
    calls = [call for call in plan(TEXT) if call.at_s < 120]
    assert sum(call.at_s == 0 for call in calls) >= RUSH
    symbols = [call.input["symbol"] for call in calls if call.function == "quote"]
    assert symbols.count(CLOSED) >= OUTAGE
    assert {FLAKY, GONE} < set(symbols)
    assert set(symbols) - {*PRICES, GONE}, "no symbol is unknown"
    assert len({call.input["text"] for call in calls if call.function == "summarize"}) > 3


def test_where_a_model_would_be_paid_nothing_is_sent_to_one():
    assert {call.function for call in plan([])} == {"quote"}


def test_every_quote_asked_for_is_a_valid_input():
    for call in plan([]):
        handler.Wanted.model_validate(call.input)


@pytest.mark.parametrize("symbol", [CLOSED, FLAKY])
async def test_some_symbols_have_a_price_at_the_second_attempt(symbol):
    with pytest.raises(Retryable) as refused:
        await handler.ask(symbol, attempt=1)
    assert refused.value.provider_fault == (symbol == CLOSED)
    assert await handler.ask(symbol, attempt=2) == PRICES[symbol]


async def test_one_symbol_is_retried_in_vain_and_an_unknown_one_is_not():
    with pytest.raises(Retryable):
        await handler.ask(GONE, attempt=3)
    with pytest.raises(Permanent, match="no symbol 'ZZZZ'"):
        await handler.ask("ZZZZ", attempt=1)
