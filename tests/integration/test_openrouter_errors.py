"""Each row of the table in `asynctaskflow_openrouter.faults`, over real sockets."""

import asyncio
import socket
import tracemalloc
from dataclasses import dataclass

import pytest

from asynctaskflow.errors import Permanent, Retryable, TaskError
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.messages import ChatRequest, Message
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.simulator import Kind, Simulator, Step
from asynctaskflow_testkit.waiting import eventually

CANARY = "canary-0123456789abcdef"  # not like an API key, so that no pattern finds it
QUESTION = ChatRequest(messages=(Message.user("Summarize this text: One. Two. Three."),))


def settings_for(base_url, **changes):
    fast = {
        "connect_timeout_s": 0.4,
        "first_byte_timeout_s": 1.0,
        "idle_timeout_s": 1.0,
        "total_timeout_s": 2.0,
        "max_response_bytes": 1_000_000,
    }
    given = {"api_key": CANARY, "base_url": base_url, **fast, **changes}
    return OpenRouterSettings.model_validate(given)


@pytest.fixture
async def simulator():
    async with Simulator() as running:
        yield running


@pytest.fixture
async def client(simulator):
    async with OpenRouterClient(settings_for(simulator.base_url)) as opened:
        yield opened


async def failure_of(client, step=None, simulator=None):
    if step is not None:
        simulator.script.add(step)
    with pytest.raises(TaskError) as caught:
        await client.complete(QUESTION)
    return caught.value


@dataclass(frozen=True)
class Row:
    step: Step
    kind: type
    error_class: str
    counts: bool

    def __str__(self):
        scripted = self.step
        return f"{scripted.kind}-{scripted.status if scripted.kind == 'status' else ''}-{self.error_class}"


def status(code, kind, error_class, *, counts=False, **step):
    return Row(Step(kind=Kind.STATUS, status=code, **step), kind, error_class, counts)


def broken(kind_of_step, error_class="bad_response", **step):
    return Row(Step(kind=kind_of_step, **step), Retryable, error_class, counts=True)


ROWS = [
    status(401, Permanent, "credential_rejected"),
    status(403, Permanent, "credential_rejected"),
    status(403, Permanent, "moderated", metadata={"reasons": ["violence"]}),
    status(403, Retryable, "insufficient_credits", message="Key limit exceeded (total limit)."),
    status(402, Retryable, "insufficient_credits"),
    status(429, Retryable, "rate_limited"),
    status(408, Retryable, "timeout", counts=True),
    status(504, Retryable, "timeout", counts=True),
    status(524, Retryable, "timeout", counts=True),
    status(500, Retryable, "unavailable", counts=True),
    status(502, Retryable, "unavailable", counts=True),
    status(503, Retryable, "unavailable", counts=True),
    status(529, Retryable, "unavailable", counts=True),
    status(400, Permanent, "request_rejected"),
    status(404, Permanent, "request_rejected"),
    status(413, Permanent, "request_rejected"),
    status(422, Permanent, "request_rejected"),
    status(204, Retryable, "bad_response", counts=True),
    broken(Kind.REDIRECT),
    broken(Kind.HTML),
    broken(Kind.BROKEN_JSON),
    broken(Kind.WRONG_CHARSET),
    broken(Kind.WRONG_SCHEMA),
    broken(Kind.ERROR_IN_200, status=502),
    broken(Kind.ERROR_IN_200, status=429),
    broken(Kind.ERROR_IN_CHOICE, status=502),
    broken(Kind.EMPTY_CHOICES),
    broken(Kind.EMPTY_TEXT),
    broken(Kind.BROKEN_GZIP),
    broken(Kind.TRUNCATE),
    broken(Kind.HUGE_BODY),
    broken(Kind.GZIP_BOMB),
    broken(Kind.STALL_HEADERS, "timeout"),
    broken(Kind.STALL_BODY, "timeout"),
    broken(Kind.SLOW_BODY, "timeout"),
    broken(Kind.RESET, "network"),
    broken(Kind.CLOSE, "network"),
    Row(Step(kind=Kind.FILTERED), Permanent, "moderated", counts=False),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_what_came_is_raised_as_the_table_says(client, simulator, row):
    error = await failure_of(client, row.step, simulator)

    assert type(error) is row.kind
    assert (error.error_class, error.provider_fault) == (row.error_class, row.counts)


async def test_an_honest_answer_is_read_with_its_usage(client, simulator):
    completion = await client.complete(QUESTION)

    assert completion.text == "Summarize this text: One. Two. Three."
    assert completion.model == "simulator/extractive"
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.cost_usd == 0.0001
    assert not completion.truncated


async def test_an_answer_cut_by_the_token_limit_says_so(client, simulator):
    simulator.script.add(Step(kind=Kind.LENGTH))

    assert (await client.complete(QUESTION)).truncated


async def test_a_refused_connection_is_the_providers_fault():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        base_url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        async with OpenRouterClient(settings_for(base_url)) as client:
            error = await failure_of(client)

    assert (error.error_class, error.provider_fault) == ("network", True)


async def test_a_name_that_does_not_resolve_is_the_providers_fault():
    async with OpenRouterClient(settings_for("http://nowhere.invalid/v1")) as client:
        error = await failure_of(client)

    assert error.provider_fault
    assert error.error_class in {"network", "timeout"}  # some resolvers never answer


async def test_a_tls_handshake_that_fails_is_the_providers_fault():
    async def no_tls(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    async with server:
        base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with OpenRouterClient(settings_for(base_url)) as client:
            error = await failure_of(client)

    assert (error.error_class, error.provider_fault) == ("network", True)


async def test_a_tls_handshake_that_stalls_leaves_no_connection_behind(simulator):
    base_url = simulator.base_url.replace("http://", "https://")
    async with OpenRouterClient(settings_for(base_url)) as client:
        error = await failure_of(client)

    assert (error.error_class, error.provider_fault) == ("timeout", True)
    await eventually(lambda: simulator.connections == 0, 5)


async def test_a_connection_that_is_never_accepted_times_out():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        settings = settings_for(f"http://127.0.0.1:{address[1]}/v1")
        async with OpenRouterClient(settings) as client:
            error = await failure_of(client)
        for filler in fillers:
            filler.close()

    assert (error.error_class, error.provider_fault) == ("timeout", True)


async def test_a_full_pool_of_our_own_is_not_the_providers_fault(simulator):
    simulator.script.add(Step(latency_s=30))
    settings = settings_for(simulator.base_url, max_connections=1, first_byte_timeout_s=5)
    async with OpenRouterClient(settings) as client:
        holder = asyncio.create_task(client.complete(QUESTION))
        await eventually(lambda: simulator.journal.completions(), 5)

        error = await failure_of(client)

        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
    assert (error.error_class, error.provider_fault) == ("timeout", False)


@pytest.mark.parametrize(
    ("retry_after", "delay_s"),
    [
        ("7", 7),
        ("2.5", 2.5),
        ("0", 1),
        ("date:7", 7),
        ("date:-60", 1),
        ("1000000000", 300),
        ("date:1000000000", 300),
        ("inf", 300),
        ("-5", 10),
        ("nan", 10),
        ("soon", 10),
        (None, 10),
    ],
)
async def test_retry_after_is_obeyed_within_bounds(client, simulator, retry_after, delay_s):
    step = Step(kind=Kind.STATUS, status=429, retry_after=retry_after)

    error = await failure_of(client, step, simulator)

    assert error.delay_s == pytest.approx(delay_s, abs=0.01)


@pytest.mark.parametrize("code", [402, 408, 503])
async def test_retry_after_of_other_refusals_is_obeyed_too(client, simulator, code):
    step = Step(kind=Kind.STATUS, status=code, retry_after="7")

    error = await failure_of(client, step, simulator)

    assert error.delay_s == 7


async def test_a_reset_time_in_the_metadata_stands_in_for_retry_after(client, simulator):
    far: dict[str, object] = {"headers": {"X-RateLimit-Reset": "99999999999999"}}
    step = Step(kind=Kind.STATUS, status=429, metadata=far)

    error = await failure_of(client, step, simulator)

    assert error.delay_s == 300


@pytest.mark.parametrize(
    "kind", [Kind.STALL_HEADERS, Kind.STALL_BODY, Kind.SLOW_BODY, Kind.HUGE_BODY]
)
async def test_a_broken_exchange_leaves_no_connection_behind(client, simulator, kind):
    await failure_of(client, Step(kind=kind), simulator)

    await eventually(lambda: simulator.connections == 0, 5)


async def test_a_cancelled_call_leaves_no_connection_behind(simulator):
    simulator.script.add(Step(kind=Kind.STALL_HEADERS))
    async with OpenRouterClient(
        settings_for(simulator.base_url, total_timeout_s=60, first_byte_timeout_s=60)
    ) as client:
        call = asyncio.create_task(client.complete(QUESTION))
        await eventually(lambda: simulator.journal.completions(), 5)

        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

        await eventually(lambda: simulator.connections == 0, 5)


async def test_a_redirect_never_takes_the_key_to_another_host(client, simulator):
    async with Simulator() as thief:
        step = Step(kind=Kind.REDIRECT, location=f"{thief.base_url}/chat/completions")

        await failure_of(client, step, simulator)

        assert thief.journal.calls == []


async def test_a_broken_explanation_does_not_hide_a_status(simulator):
    """A 429 whose body stalls is still a 429: the shared bucket must sleep."""

    async def half_an_answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 900\r\n\r\n{")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(half_an_answer, "127.0.0.1", 0)
    async with server:
        base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with OpenRouterClient(settings_for(base_url)) as client:
            error = await failure_of(client)

    assert (error.error_class, error.delay_s) == ("rate_limited", 7)


async def test_one_connection_serves_calls_that_follow_each_other(client, simulator):
    for _ in range(5):
        await client.complete(QUESTION)

    assert simulator.connections == 1


async def test_the_call_id_travels_so_that_a_provider_can_tell_repeats(client, simulator):
    await client.complete(QUESTION, call_id="summarize-1/page-3")

    assert simulator.journal.completions()[0].call_id == "summarize-1/page-3"


async def test_a_request_over_the_bound_is_never_sent(simulator):
    async with OpenRouterClient(settings_for(simulator.base_url, max_request_bytes=100)) as client:
        error = await failure_of(client)

    assert (type(error), error.error_class) == (Permanent, "request_rejected")
    assert simulator.journal.calls == []


async def test_a_bomb_is_stopped_at_the_bound_and_not_unpacked(client, simulator):
    simulator.script.add(Step(kind=Kind.GZIP_BOMB, size_bytes=256 * 1024 * 1024))
    tracemalloc.start()

    await failure_of(client)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


ECHOES = [
    Step(kind=Kind.STATUS, status=401, message=f"Incorrect API key provided: {CANARY}"),
    Step(kind=Kind.STATUS, status=500, message=f"header was Authorization: Bearer {CANARY}"),
    Step(kind=Kind.ERROR_IN_200, status=502, message=f"bad key {CANARY}"),
    Step(kind=Kind.ERROR_IN_CHOICE, message=f"bad key {CANARY}"),
]


@pytest.mark.parametrize("step", ECHOES, ids=lambda step: step.kind + str(step.status))
async def test_a_provider_that_repeats_the_key_does_not_make_us_repeat_it(client, simulator, step):
    error = await failure_of(client, step, simulator)

    assert CANARY not in f"{error!s} {error!r} {error.__cause__!r}"


async def test_the_key_is_in_no_representation_of_client_or_settings(client, simulator):
    settings = settings_for(simulator.base_url)

    seen = f"{settings!r} {settings.model_dump_json()} {client!r} {client.credential}"

    assert CANARY not in seen


async def test_the_environment_names_no_proxy_for_us(client, simulator, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with OpenRouterClient(settings_for(simulator.base_url)) as fresh:
        completion = await fresh.complete(QUESTION)

    assert completion.text
