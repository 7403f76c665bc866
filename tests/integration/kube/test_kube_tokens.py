"""Kubernetes tokens at the REST API: a real API server says whose they are and what those may do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_api.access import ApiKey, Role, new_key
from asynctaskflow_api.app import create_app
from asynctaskflow_api.backend import open_backend
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_testkit.api import patient_settings
from asynctaskflow_testkit.kube_accounts import (
    API_ACCOUNT,
    RELEASE,
    KubeAccounts,
    another_authority,
)
from asynctaskflow_testkit.kube_api import KubeApi
from asynctaskflow_testkit.lifetime import LOOPBACK
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.servers import available
from asynctaskflow_testkit.waiting import eventually

pytestmark = [
    pytest.mark.needs("kubernetes", "helm"),
    # What differs between the servers is the queue's; its own tests run on all of them.
    pytest.mark.parametrize("server", [available()[0].name], indirect=True),
]
AUDIENCE = "asynctaskflow"
KEY, KEY_SETTING = new_key("shop", Role.READ)
READ, SUBMIT = "/api/v1/tasks/", f"/api/v1/functions/{FUNCTION}/tasks"
STEER = f"/api/v1/functions/{FUNCTION}/pause"
VIEWER, SUBMITTER, ADMIN = (f"{RELEASE}-{name}" for name in ("viewer", "submitter", "admin"))
# The API server itself remembers a good token for ten seconds.
FORGOTTEN_WITHIN_S = 30
STRANGER = "a-token-of-nobody-0123456789"


class Caller:
    """Somebody outside."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def ask(self, token: str, method: str = "GET", path: str = READ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        body: dict[str, Any] = {"json": 1} if path == SUBMIT else {}
        return await self._http.request(method, path, headers=headers, **body)

    async def is_answered(self, status: int, token: str) -> bool:
        return (await self.ask(token)).status_code == status


OpenApi = Callable[..., AbstractAsyncContextManager[Caller]]


@pytest.fixture
def settings(
    kube_api: KubeApi, namespace, accounts, folder, redis_url
) -> Callable[..., ApiSettings]:
    """Those of the API's pod, but that it forgets refusals at once."""
    its = {
        "auth": "keys",
        "keys": (ApiKey.parse(KEY_SETTING),),
        "kube_tokens": True,
        "kube_namespace": namespace,
        "kube_host": LOOPBACK,
        "kube_port": kube_api.port,
        "kube_account_dir": folder,
        "kube_timeout_s": 10,
        "kube_refused_s": 0.001,
    }
    return lambda **changes: patient_settings(redis_url, **{**its, **changes})


@pytest.fixture
def open_api(settings, redis_url) -> OpenApi:
    """Starts the API as its pod would run."""

    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[Caller]:
        app = create_app(settings(**changes))
        transport = httpx2.ASGITransport(app)
        async with (
            open_queue(redis_url) as q,
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://api.test") as http,
        ):
            await q.queue.register(FUNCTION, FunctionSpec(handler="some.module:handler"))
            yield Caller(http)

    return opened


async def known(api: Caller, token: str) -> str:
    """The token, once the API server's authorizer has seen its bindings, and so the API remembers it."""
    await eventually(lambda: api.is_answered(200, token), 10)
    return token


@pytest.mark.parametrize(
    ("role", "answers", "missing"),
    [
        (VIEWER, [200, 403, 403], ["create tasks, patch tasks, delete tasks"] * 2),
        (SUBMITTER, [200, 202, 403], ["", "patch functions/scale, patch dependencies"]),
        (ADMIN, [200, 202, 200], ["", ""]),
    ],
)
async def test_the_charts_roles_give_the_role_of_their_name(
    role, answers, missing, accounts, open_api, namespace
):
    user = accounts.add("ci", role)
    async with open_api() as api:
        token = await known(api, accounts.token("ci", AUDIENCE))
        found = [
            await api.ask(token, method, path)
            for method, path in (("GET", READ), ("POST", SUBMIT), ("POST", STEER))
        ]

    assert [one.status_code for one in found] == answers
    for refused, what in zip(found[1:], missing, strict=True):
        if refused.status_code == 403:
            assert refused.headers["content-type"] == "application/problem+json"
            told = refused.json()["detail"]
            assert told.startswith(f"{user} may not {what}")
            assert told.endswith(f"in namespace {namespace}")


async def test_who_is_bound_to_nothing_is_told_what_is_missing(accounts, open_api, namespace):
    user = accounts.add("nobody")
    async with open_api() as api:
        answer = await api.ask(accounts.token("nobody", AUDIENCE))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"] == f"{user} may not list tasks in namespace {namespace}"


async def test_rights_of_two_roles_add_up(accounts, open_api):
    rule = {"apiGroups": ["asynctaskflow.dev"], "resources": ["tasks"]}
    accounts.role("writes", [{**rule, "verbs": ["create", "patch", "delete"]}])
    accounts.add("ci", VIEWER, "writes")
    accounts.add("blind", "writes")
    async with open_api() as api:
        token = await known(api, accounts.token("ci", AUDIENCE))
        both = await api.ask(token, "POST", SUBMIT)
        one = await api.ask(accounts.token("blind", AUDIENCE), "POST", SUBMIT)

    assert both.status_code == 202
    assert "may not list tasks in namespace" in one.json()["detail"]


async def test_rights_of_a_group_count(accounts, open_api):
    accounts.add("ci")
    accounts.bind_all(VIEWER)
    async with open_api() as api:
        await known(api, accounts.token("ci", AUDIENCE))


async def test_rights_in_another_namespace_are_none_here(kube_api, accounts, open_api, tmp_path):
    elsewhere = KubeAccounts(kube_api, kube_api.namespace())
    elsewhere.install_api(tmp_path)
    elsewhere.add("ci", ADMIN)
    async with open_api() as api:
        answer = await api.ask(elsewhere.token("ci", AUDIENCE))

    assert answer.status_code == 403


async def test_a_token_that_is_not_valid_here_answers_401(accounts, open_api):
    accounts.add("ci", VIEWER)
    good = accounts.token("ci", AUDIENCE)
    bad = {
        "garbage": STRANGER,
        "not even a token": "two words: no token at all",
        "expired": accounts.expired(good),
        "forged": good[:-8] + "AAAAAAAA",
        "for the API server": accounts.token("ci"),
        "for somebody else": accounts.token("ci", "other"),
        "none": "",
    }
    async with open_api() as api:
        await known(api, good)
        answers = {name: await api.ask(token) for name, token in bad.items()}

    assert {name: one.status_code for name, one in answers.items()} == dict.fromkeys(bad, 401)
    for answer in answers.values():
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert f"for the audience {AUDIENCE}" in answer.json()["detail"]


async def test_without_audiences_a_token_for_the_api_server_is_taken(accounts, open_api):
    accounts.add("ci", VIEWER)
    async with open_api(kube_audiences=()) as api:
        await known(api, accounts.token("ci"))
        other = await api.ask(accounts.token("ci", AUDIENCE))

    assert other.status_code == 401


async def test_one_of_several_audiences_is_enough(accounts, open_api):
    accounts.add("ci", VIEWER)
    async with open_api(kube_audiences=("other", AUDIENCE)) as api:
        await known(api, accounts.token("ci", AUDIENCE))


async def test_a_right_that_is_taken_away_ends_with_the_memory(accounts, open_api):
    accounts.add("ci", VIEWER)
    async with open_api(kube_known_s=0.2) as api:
        token = await known(api, accounts.token("ci", AUDIENCE))
        accounts.unbind("ci", VIEWER)
        await eventually(lambda: api.is_answered(403, token), FORGOTTEN_WITHIN_S)


@pytest.mark.slow
async def test_a_deleted_account_is_nobody_once_it_is_forgotten(accounts, open_api):
    accounts.add("ci", VIEWER)
    async with open_api(kube_known_s=0.2) as api:
        token = await known(api, accounts.token("ci", AUDIENCE))
        accounts.remove("ci")
        await eventually(lambda: api.is_answered(401, token), FORGOTTEN_WITHIN_S)


async def test_without_the_api_server_known_tokens_and_keys_go_on(kube_api, accounts, open_api):
    for name in ("early", "late"):
        accounts.add(name, VIEWER)
    early, late = (accounts.token(name, AUDIENCE) for name in ("early", "late"))
    async with open_api() as api:
        await known(api, early)
        kube_api.stop()
        try:
            remembered, by_key = await api.ask(early), await api.ask(KEY)
            unknown = await api.ask(late)
        finally:
            kube_api.start()
        await known(api, late)

    assert (remembered.status_code, by_key.status_code) == (200, 200)
    assert (unknown.status_code, unknown.json()["code"]) == (503, "tokens_unavailable")
    assert int(unknown.headers["retry-after"]) > 0
    assert unknown.headers["content-type"] == "application/problem+json"


async def test_a_silent_api_server_is_given_up_on_in_time(kube_api, accounts, open_api):
    accounts.add("ci", VIEWER)
    token = accounts.token("ci", AUDIENCE)
    async with open_api(kube_timeout_s=0.2) as api:
        kube_api.freeze()
        try:
            answers = await asyncio.wait_for(
                asyncio.gather(*(api.ask(token) for _ in range(5)), api.ask(KEY)), 5
            )
        finally:
            kube_api.thaw()
        await known(api, token)

    assert [one.status_code for one in answers] == [503] * 5 + [200]
    assert "does not answer" in answers[0].json()["detail"]


async def test_concurrent_requests_are_one_review_and_a_key_is_none(
    kube_api, accounts, open_api, namespace
):
    accounts.add("ci", VIEWER)
    token = accounts.token("ci", AUDIENCE)
    user = f"system:serviceaccount:{namespace}:{API_ACCOUNT}"

    def reviews() -> list[str]:
        asked = kube_api.audit.requests(since=mark)
        return [one.resource for one in asked if one.user == user]

    async with open_api(kube_refused_s=60) as api:
        mark = kube_api.audit.position()
        for answer in await asyncio.gather(*(api.ask(KEY) for _ in range(5))):
            assert answer.status_code == 200
        await api.ask("atf_typo_" + "x" * 43)
        await asyncio.gather(*(api.ask(token) for _ in range(20)))
        await eventually(lambda: len(reviews()) >= 7, 10)
        await api.ask(token)
        await api.ask(STRANGER)
        await eventually(lambda: len(reviews()) >= 8, 10)

    assert reviews().count("tokenreviews") == 2
    assert reviews().count("localsubjectaccessreviews") == 6


async def test_the_pods_own_account_is_read_again_when_it_is_renewed(accounts, open_api, folder):
    accounts.add("ci", VIEWER)
    caller, own = accounts.token("ci", AUDIENCE), accounts.token(API_ACCOUNT)
    accounts.mount(folder, STRANGER)
    async with open_api() as api:
        refused = await api.ask(caller)
        accounts.mount(folder, own)
        await known(api, caller)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert "401" in refused.json()["detail"]


async def test_an_api_without_its_own_rights_says_so(accounts, open_api, folder):
    for name in ("ci", "powerless"):
        accounts.add(name, VIEWER)
    accounts.mount(folder, accounts.token("powerless"))
    async with open_api() as api:
        refused = await api.ask(accounts.token("ci", AUDIENCE))

    assert refused.status_code == 503
    assert refused.json()["detail"] == "the API server answers 403"


async def test_an_authority_that_was_replaced_is_trusted_at_the_next_try(
    accounts, open_api, folder, tmp_path
):
    accounts.add("ci", VIEWER)
    right = (folder / "ca.crt").read_bytes()
    (folder / "ca.crt").write_bytes(another_authority())
    async with open_api() as api:
        refused = await api.ask(accounts.token("ci", AUDIENCE))
        (folder / "ca.crt").write_bytes(right)
        await eventually(lambda: api.is_answered(200, accounts.token("ci", AUDIENCE)), 10)

    assert refused.status_code == 503


async def test_connections_are_closed_with_the_api(accounts, settings):
    accounts.add("ci", VIEWER)
    backend = open_backend(settings())
    tokens = backend.tokens
    assert tokens is not None
    async with backend.running():
        assert await tokens.principal(accounts.token("ci", AUDIENCE))

    with pytest.raises(RuntimeError, match="closed"):
        await tokens.principal(accounts.token("ci", "other"))


async def test_no_token_stands_in_a_log_an_answer_or_a_metric(kube_api, accounts, open_api, caplog):
    caplog.set_level(logging.DEBUG)
    accounts.add("ci", ADMIN)
    good, own = accounts.token("ci", AUDIENCE), accounts.token(API_ACCOUNT)
    with capture_logs() as logs:
        async with open_api(kube_known_s=0.001) as api:
            await known(api, good)
            answers = [await api.ask(STRANGER), await api.ask(good, path="/metrics")]
            kube_api.stop()
            try:
                answers += [await api.ask(good), await api.ask(STRANGER)]
            finally:
                kube_api.start()
            await known(api, good)

    said = "".join([one.text for one in answers] + [repr(logs), caplog.text])
    assert [one.status_code for one in answers] == [401, 200, 503, 503]
    assert 'atf_token_reviews_total{outcome="refused"} 1.0' in answers[1].text
    assert [one["event"] for one in logs if "review" in one["event"]] == [
        *("reviews_unavailable", "reviews_are_back"),
    ]
    for token in (STRANGER, good, good.split(".")[1], own):
        assert token not in said
