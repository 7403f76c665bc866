"""The authenticator of Kubernetes tokens over a reviewer in memory: what is asked, counted and said."""

import asyncio
from base64 import urlsafe_b64encode

import httpx2
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from asynctaskflow_api.access import ApiKey, KeyRing, KeysFirst, Role, TokensUnavailable, new_key
from asynctaskflow_api.app import create_app
from asynctaskflow_api.kube.rights import ALL_RIGHTS, RIGHTS, User
from asynctaskflow_api.kube.tokens import KubernetesTokens, NoServiceAccount, open_tokens
from asynctaskflow_api.meter import ApiMeter
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_testkit.virtual import EPOCH_MS, LoopClock

pytestmark = pytest.mark.looptime
KEY, KEY_SETTING = new_key("shop", Role.READ)
TOKEN = "some.opaque-token~0123"
SETTINGS = ApiSettings(kube_tokens=True, kube_namespace="demo")


class Reviewer:
    """Knows one token."""

    def __init__(self, rights=ALL_RIGHTS, *, takes_s=0.0, token=TOKEN):
        self.token = token
        self.rights = rights
        self.takes_s = takes_s
        self.reason = ""
        self.seen: list[str] = []

    async def user(self, token):
        self.seen.append(token)
        await asyncio.sleep(self.takes_s)
        if self.reason:
            raise TokensUnavailable(self.reason)
        return User("jane") if token == self.token else None

    async def allowed(self, user, rights):
        await asyncio.sleep(self.takes_s)
        return frozenset(rights) & frozenset(self.rights)

    async def aclose(self):
        pass


def tokens_of(reviewer, meter=None) -> KubernetesTokens:
    return KubernetesTokens(reviewer, SETTINGS, clock=LoopClock(), meter=meter or ApiMeter("1"))


def app_of(reviewer):
    keys = KeyRing([ApiKey.parse(KEY_SETTING)])
    return create_app(ApiSettings(), authenticator=KeysFirst(keys, tokens_of(reviewer)))


async def ask(app, token: str, method: str = "GET", path: str = "/version") -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as http:
        return await http.request(method, path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("token", [KEY, KEY[:-1], "atf_", "atf_Shop_" + "x" * 43, ""])
async def test_what_looks_like_a_key_is_never_sent_to_the_api_server(token):
    reviewer = Reviewer()
    await ask(app_of(reviewer), token)

    assert reviewer.seen == []


@pytest.mark.parametrize(
    "token", ["short", "two words here", "a" * 20_000, "über-token-0123", "a=b=c=defgh"]
)
async def test_what_cannot_be_a_token_is_not_sent_either(token):
    reviewer = Reviewer()

    assert await tokens_of(reviewer).principal(token) is None
    assert reviewer.seen == []


async def test_a_key_is_accepted_beside_tokens_and_both_are_offered_to_a_stranger():
    app = app_of(Reviewer())

    assert (await ask(app, KEY)).status_code == 200
    assert (await ask(app, TOKEN)).status_code == 200
    refused = await ask(app, "somebody-elses-token")
    assert refused.status_code == 401
    assert refused.json()["detail"] == (
        "send an API key: 'Authorization: Bearer atf_…', or a Kubernetes token for the audience asynctaskflow"
    )


async def test_a_missing_right_answers_403_and_names_it():
    answer = await ask(app_of(Reviewer(RIGHTS[Role.READ])), TOKEN, "POST", "/api/v1/tasks/x/retry")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"] == (
        "jane may not create tasks, patch tasks, delete tasks in namespace demo"
    )


async def test_an_api_server_that_is_away_answers_503_for_tokens_alone():
    reviewer = Reviewer()
    reviewer.reason = "the API server is not reached"
    app = app_of(reviewer)
    refused = await ask(app, TOKEN, "POST", "/api/v1/tasks/x/retry")

    assert (refused.status_code, refused.json()["code"]) == (503, "tokens_unavailable")
    assert refused.headers["retry-after"] == "2"
    assert "outcome" not in refused.json()
    assert (await ask(app, KEY)).status_code == 200


async def test_a_review_has_a_deadline_for_all_of_its_requests_together():
    reviewer = Reviewer(takes_s=SETTINGS.kube_timeout_s * 0.6)
    with pytest.raises(TokensUnavailable, match="in time"):
        await tokens_of(reviewer).principal(TOKEN)

    assert asyncio.get_running_loop().time() == pytest.approx(SETTINGS.kube_timeout_s)


async def test_an_outage_is_logged_once_and_its_end_once():
    reviewer = Reviewer()
    tokens = tokens_of(reviewer)
    reviewer.reason = "away"
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(TokensUnavailable):
                await tokens.principal(TOKEN)
        reviewer.reason = ""
        await tokens.principal(TOKEN)

    assert [one["event"] for one in logs] == ["reviews_unavailable", "reviews_are_back"]
    assert TOKEN not in repr(logs)


async def test_reviews_are_counted_by_outcome():
    reviewer, meter = Reviewer(), ApiMeter("1")
    tokens = tokens_of(reviewer, meter)
    for token in (TOKEN, TOKEN, "somebody-elses-token"):
        await tokens.principal(token)
    reviewer.reason = "away"
    with pytest.raises(TokensUnavailable):
        await tokens.principal("another-token")

    text = meter.exposition([], [], streams=0, cut=0).decode()
    for outcome in ("accepted", "refused", "unavailable"):
        assert f'atf_token_reviews_total{{outcome="{outcome}"}} 1.0' in text
    assert TOKEN not in text


async def test_nobody_is_remembered_beyond_the_end_of_their_token():
    ends_s = EPOCH_MS // 1000 + 20
    claims = urlsafe_b64encode(f'{{"exp":{ends_s}}}'.encode()).rstrip(b"=").decode()
    token = f"e30.{claims}.c2ln"
    reviewer = Reviewer(token=token)
    tokens = tokens_of(reviewer)
    for pause_s, reviews in ((0, 1), (19, 1), (2, 2)):
        await asyncio.sleep(pause_s)
        assert await tokens.principal(token)
        assert len(reviewer.seen) == reviews


async def test_no_token_is_kept_in_memory():
    tokens = tokens_of(Reviewer())
    await tokens.principal(TOKEN)

    kept = tokens._verdicts
    assert len(kept) == 1
    assert TOKEN not in repr([kept._known, kept._refused, kept._reviews])


def test_a_process_without_an_account_says_so(tmp_path):
    settings = SETTINGS.model_copy(update={"kube_account_dir": tmp_path})
    with pytest.raises(NoServiceAccount, match="ATF_API_KUBE_TOKENS"):
        open_tokens(settings, LoopClock(), ApiMeter("1"))


@pytest.mark.parametrize(
    ("given", "told"),
    [({"auth": "off", "kube_namespace": "a"}, "ATF_AUTH"), ({}, "ATF_API_KUBE_NAMESPACE")],
)
def test_settings_that_make_no_sense_together_are_refused(given, told):
    with pytest.raises(ValidationError, match=told):
        ApiSettings(kube_tokens=True, **given)


def test_settings_find_the_api_server_as_every_pod_does(monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    monkeypatch.setenv("ATF_API_KUBE_AUDIENCES", "one, two")
    found = ApiSettings()

    assert (found.kube_host, found.kube_port) == ("fd00::1", 6443)
    assert found.kube_audiences == ("one", "two")
