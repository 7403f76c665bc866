"""The simulator as a program of its own, and its proof that the shared limiter keeps a provider's limit."""

import asyncio
import signal
import sys

import httpx2
import orjson
import pytest

from asynctaskflow.dependencies.guard import DependencyGuard
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow, TaskError
from asynctaskflow.model.dependency import DependencySpec
from asynctaskflow_openrouter import OpenRouter, OpenRouterSettings, session_of_process
from asynctaskflow_openrouter.messages import ChatRequest, Image, Message
from asynctaskflow_openrouter.session import close_session_of_process
from asynctaskflow_openrouter.simulator import Behaviour, Kind, Simulator, Step
from asynctaskflow_testkit.bounds import busiest_window
from asynctaskflow_testkit.lifetime import free_port
from asynctaskflow_testkit.openrouter import CANARY, QUESTION
from asynctaskflow_testkit.processes import ATF, Fleet
from asynctaskflow_testkit.waiting import eventually

pytest_plugins = ["asynctaskflow_testkit.openrouter_fixtures"]

AUTHORIZED = {"Authorization": "Bearer sk-test-key"}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "One. Two."}]}


@pytest.fixture
async def http(simulator):
    async with httpx2.AsyncClient(
        base_url=simulator.base_url, headers=AUTHORIZED, trust_env=False
    ) as opened:
        yield opened


def control(simulator, path):
    return f"http://127.0.0.1:{simulator.port}/_sim/{path}"


async def test_ending_the_command_ends_the_simulator(tmp_path):
    port = free_port()
    command = [ATF, "simulate", "openrouter", "--port", str(port)]
    with Fleet(tmp_path, env={}) as fleet:
        process = fleet.start("simulator", command, port=port)
        await eventually(lambda: _listens(process), 20)

        process.send(signal.SIGTERM)
        process.wait(10)

        assert not await _listens(process)


async def _listens(process):
    async with httpx2.AsyncClient(trust_env=False) as http:
        try:
            await http.get(process.base_url)
        except httpx2.TransportError:
            return False
    return True


async def test_it_is_scripted_over_http(simulator, http):
    steps = [{"kind": "status", "status": 503, "retry_after": "3", "times": 2}]

    ordered = await http.post(control(simulator, "script"), json={"steps": steps})
    codes = [(await http.post("/chat/completions", json=CHAT)).status_code for _ in range(3)]

    assert ordered.status_code == 204
    assert codes == [503, 503, 200]


async def test_its_account_is_scripted_apart_from_its_models(simulator, http):
    order = {"target": "account", "steps": [{"kind": "status", "status": 401}]}

    await http.post(control(simulator, "script"), json=order)

    assert (await http.post("/chat/completions", json=CHAT)).status_code == 200
    assert (await http.get("/key")).status_code == 401
    assert (await http.get("/auth/key")).status_code == 200


async def test_a_script_with_a_typo_is_refused_and_changes_nothing(simulator, http):
    answer = await http.post(control(simulator, "script"), json={"steps": [{"kindd": "reset"}]})

    assert answer.status_code == 422
    assert len(simulator.script) == 0


async def test_it_keeps_a_journal_without_keys(simulator, http):
    await http.post("/chat/completions", json=CHAT, headers={"Idempotency-Key": "t-1"})

    (call,) = (await http.get(control(simulator, "calls"))).json()["calls"]

    assert (call["outcome"], call["call_id"], call["model"]) == ("answer", "t-1", "m")
    assert len(call["credential"]) == 12
    assert "sk-test-key" not in orjson.dumps(call).decode()


async def test_reset_makes_it_as_new(simulator, http):
    await http.put(control(simulator, "behaviour"), json={"limit_requests": 1})
    await http.post("/chat/completions", json=CHAT)
    simulator.script.add(Step(kind=Kind.RESET))

    await http.post(control(simulator, "reset"))

    assert simulator.journal.calls == []
    assert (await http.post("/chat/completions", json=CHAT)).status_code == 200
    assert (await http.post("/chat/completions", json=CHAT)).status_code == 200


async def test_over_its_limit_it_answers_429_with_the_time_to_wait(simulator, http):
    simulator.script.behave(Behaviour(limit_requests=2, limit_window_s=60))

    answers = [await http.post("/chat/completions", json=CHAT) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 60


async def test_chance_is_repeatable_by_its_seed():
    fault = {"rate": 0.3, "step": {"kind": "status", "status": 500}}
    behaviour = Behaviour.model_validate({"seed": 7, "faults": [fault]})

    async def codes():
        async with Simulator(behaviour) as simulator, httpx2.AsyncClient(trust_env=False) as http:
            url = f"{simulator.base_url}/chat/completions"
            sent = [await http.post(url, json=CHAT, headers=AUTHORIZED) for _ in range(100)]
            return [answer.status_code for answer in sent]

    first = await codes()

    assert first == await codes()
    assert 15 <= first.count(500) <= 45


async def test_without_a_key_or_with_a_wrong_one_it_answers_401(simulator, http):
    simulator.script.behave(Behaviour(valid_keys=("sk-right",)))

    wrong = await http.post("/chat/completions", json=CHAT)
    none = await http.post("/chat/completions", json=CHAT, headers={"Authorization": ""})

    assert (wrong.status_code, none.status_code) == (401, 401)


async def test_what_is_no_http_is_refused_and_not_fatal(simulator, http):
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    writer.write(b"\x16\x03\x01 no http\r\n\r\n")

    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert (await http.get("/models")).status_code == 200


async def test_a_path_or_control_that_it_has_not_is_not_found(simulator, http):
    assert (await http.get("/embeddings")).status_code == 404
    assert (await http.post(control(simulator, "dance"))).status_code == 404


async def test_a_request_without_messages_is_rejected(http):
    assert (await http.post("/chat/completions", content=b"{")).status_code == 400
    assert (await http.post("/chat/completions", content=b"[]")).status_code == 400
    assert (await http.post("/chat/completions", json={**CHAT, "stream": True})).status_code == 400


async def test_an_account_without_a_key_is_refused(simulator, http):
    assert (await http.get("/credits", headers={"Authorization": ""})).status_code == 401


async def test_an_account_that_has_spent_all_is_refused(simulator, http):
    simulator.script.behave(Behaviour(credits=0.5, cost_per_call=0.5))

    codes = [(await http.post("/chat/completions", json=CHAT)).status_code for _ in range(2)]

    assert codes == [200, 402]


async def test_a_picture_is_answered_with_a_page_of_articles(client):
    message = Message.user("Page number: 7", Image(b"a picture"))

    completion = await client.complete(ChatRequest(messages=(message,)))

    page = orjson.loads(completion.text)
    assert page["page_number"] == 7
    assert len(page["articles"]) == 2
    fields = {"title", "subtitle", "author", "body", "topics", "summary"}
    assert all(article.keys() == fields for article in page["articles"])


async def test_a_text_is_answered_with_sentences_of_its_own(client):
    text = (
        "Il porto era chiuso. Il traghetto notturno torna nel porto dopo undici anni. "
        "Piove. Il traghetto parte dal porto ogni venerdì. La banda suona. "
        "Il porto e il traghetto aspettano i turisti."
    )

    completion = await client.complete(ChatRequest(messages=(Message.user(text),)))

    sentences = completion.text.split(". ")
    assert len(sentences) == 3
    assert all(sentence.rstrip(".") in text for sentence in sentences)


async def test_it_runs_as_a_program_and_ends_on_sigterm():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "asynctaskflow_openrouter.simulator",
        "--port",
        "0",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    name, _, base_url = line.partition("=")
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{base_url}/chat/completions", json=CHAT, headers=AUTHORIZED)

    process.terminate()

    assert name == "OPENROUTER_BASE_URL"
    assert answer.json()["choices"][0]["message"]["content"] == "One. Two."
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_the_reported_limit_is_kept_by_all_workers_together(redis, simulator, settings):
    """Three processes' worth of sessions, one shared bucket: the provider never has to refuse."""
    limit, window_s = 24, 1.0
    simulator.script.behave(Behaviour(limit_requests=limit, limit_window_s=window_s))
    dependencies = RedisDependencies(redis)
    await dependencies.register("openrouter", DependencySpec(max_wait_seconds=30))
    sessions = [OpenRouter(settings, redis) for _ in range(3)]

    async def worker(session):
        guard = DependencyGuard(dependencies, "openrouter")
        return [await session.model.complete(QUESTION, guard=guard) for _ in range(8)]

    await asyncio.gather(*(worker(session) for session in sessions for _ in range(2)))

    calls = simulator.journal.completions()
    assert len(calls) == 48
    assert simulator.journal.completions("limited") == []
    assert busiest_window([call.arrived_s for call in calls], window_s=window_s) <= limit
    for session in sessions:
        await session.aclose()


async def test_one_429_puts_every_worker_to_sleep(redis, simulator, settings):
    dependencies = RedisDependencies(redis)
    await dependencies.register("openrouter", DependencySpec(max_wait_seconds=0))
    simulator.script.add(Step(kind=Kind.STATUS, status=429, retry_after="7"))
    async with OpenRouter(settings, redis) as one, OpenRouter(settings, redis) as other:
        guard = DependencyGuard(dependencies, "openrouter")
        assert one.model is not None
        assert other.model is not None
        with pytest.raises(Exception, match="429"):
            await one.model.complete(QUESTION, guard=guard)

        with pytest.raises(NotNow) as caught:
            await other.model.complete(QUESTION, guard=guard)

    assert caught.value.reason == "rate_limited"
    assert 5 < caught.value.delay_s <= 8


async def test_errors_inside_200_open_the_breaker_and_refused_keys_do_not(
    redis, simulator, settings
):
    dependencies = RedisDependencies(redis)
    spec = DependencySpec.model_validate({"breaker": {"minCalls": 3}, "maxWaitSeconds": 0})
    await dependencies.register("openrouter", spec)
    guard = DependencyGuard(dependencies, "openrouter")
    async with OpenRouter(settings, redis) as session:
        model = session.model
        assert model is not None

        async def fail(step, times):
            simulator.script.add(step.model_copy(update={"times": times}))
            ends = []
            for _ in range(times):
                try:
                    await model.complete(QUESTION, guard=guard)
                except (TaskError, NotNow) as error:
                    ends.append(type(error).__name__)
            return ends

        refused = await fail(Step(kind=Kind.STATUS, status=402), 5)
        faults = await fail(Step(kind=Kind.ERROR_IN_200, status=502), 9)

    assert refused == ["Retryable"] * 5
    assert faults[-1] == "NotNow"


async def test_a_process_has_one_session_per_loop(redis_url, simulator):
    settings = OpenRouterSettings.model_validate(
        {"api_key": CANARY, "base_url": simulator.base_url, "redis_url": redis_url}
    )

    first, second = session_of_process(settings), session_of_process(settings)

    assert first is second
    assert (await first.status()).state == "active"
    assert await first.credits()
    assert await first.worker_errors() == []
    assert len(await first.metrics(days=3)) == 3
    await close_session_of_process()
    assert session_of_process(settings) is not first
    await close_session_of_process()


async def test_a_session_without_key_has_no_model_and_still_knows_the_service(redis):
    async with OpenRouter(OpenRouterSettings(), redis) as session:
        assert session.model is None
        assert (await session.status()).state == "api_key_missing"
