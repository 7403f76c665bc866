"""What the API sends to an API server, and what it makes of answers that are none; the real one has tests of its own."""

import json

import httpx2
import pytest

from asynctaskflow_api.access import TokensUnavailable
from asynctaskflow_api.kube.reviews import Reviews, ServiceAccount
from asynctaskflow_api.kube.rights import ALL_RIGHTS, User
from asynctaskflow_testkit.kube_accounts import another_authority

USER = User("jane", "uid-1", ("devs",), (("scopes", ("a", "b")),))
TOKEN = "a-callers-token"


@pytest.fixture
def ask(tmp_path):
    """Reviews over an API server that is a function from a request to an answer."""
    (tmp_path / "ca.crt").write_bytes(another_authority())
    (tmp_path / "token").write_text("our-own\n")

    def made(answer, *, audiences=("us",)) -> Reviews:
        return Reviews(
            "https://kube.test",
            ServiceAccount(tmp_path),
            namespace="demo",
            audiences=audiences,
            step_s=1,
            transport=httpx2.MockTransport(answer),
        )

    return made


@pytest.mark.parametrize(("audiences", "sent"), [(("us",), {"audiences": ["us"]}), ((), {})])
async def test_a_review_asks_for_our_audiences_as_our_account(audiences, sent, ask):
    requests = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        user = {
            "username": "jane",
            "uid": "uid-1",
            "groups": ["devs"],
            "extra": {"scopes": ["a", "b"]},
        }
        status = {"authenticated": True, "user": user, "audiences": ["us", "them"]}
        return httpx2.Response(201, json={"spec": {"token": TOKEN}, "status": status})

    assert await ask(answer, audiences=audiences).user(TOKEN) == USER
    (request,) = requests
    assert request.url.path == "/apis/authentication.k8s.io/v1/tokenreviews"
    assert request.headers["authorization"] == "Bearer our-own"
    assert json.loads(request.content) == {"spec": {"token": TOKEN, **sent}}


async def test_an_access_review_repeats_all_that_is_known_of_the_user(ask):
    specs = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        spec = json.loads(request.content)["spec"]
        specs.append(spec)
        allowed = spec["resourceAttributes"]["verb"] == "patch"
        return httpx2.Response(201, json={"status": {"allowed": allowed, "reason": "RBAC"}})

    found = await ask(answer).allowed(USER, ALL_RIGHTS)

    assert found == {right for right in ALL_RIGHTS if right.verb == "patch"}
    assert len(specs) == len(ALL_RIGHTS)
    for spec in specs:
        assert (spec["user"], spec["uid"], spec["groups"]) == ("jane", "uid-1", ["devs"])
        assert spec["extra"] == {"scopes": ["a", "b"]}
        assert spec["resourceAttributes"]["namespace"] == "demo"


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(201, text="<html>"),
        httpx2.Response(201, json={"spec": {"token": TOKEN}}),
        httpx2.Response(
            201, json={"status": {"authenticated": "perhaps"}, "spec": {"token": TOKEN}}
        ),
        httpx2.Response(200, text=TOKEN),
        httpx2.Response(403, text=TOKEN),
        httpx2.Response(429, text=TOKEN),
        httpx2.Response(500, text=TOKEN),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text[:20]}",
)
async def test_an_answer_that_is_no_review_is_not_taken_for_a_refusal(answer, ask):
    with pytest.raises(TokensUnavailable) as told:
        await ask(lambda _: answer).user(TOKEN)

    assert TOKEN not in f"{told.value!r} {told.value.__cause__!r} {told.value.__cause__}"


async def test_one_access_review_that_fails_fails_them_all(ask):
    def answer(request: httpx2.Request) -> httpx2.Response:
        if b"dependencies" in request.content:
            return httpx2.Response(503)
        return httpx2.Response(201, json={"status": {"allowed": True}})

    with pytest.raises(TokensUnavailable, match="503"):
        await ask(answer).allowed(USER, ALL_RIGHTS)


async def test_no_answer_is_the_end_of_a_review_whatever_keeps_it_away(ask):
    def silent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("silent", request=request)

    with pytest.raises(TokensUnavailable, match="does not answer"):
        await ask(silent).user(TOKEN)


async def test_an_account_whose_token_is_gone_is_told_as_an_outage(ask, tmp_path):
    reviews = ask(lambda _: httpx2.Response(201))
    (tmp_path / "token").unlink()

    with pytest.raises(TokensUnavailable):
        await reviews.user(TOKEN)
