"""The cluster's facts over an API server in memory: what is asked, how often, and what is said when it fails."""

import asyncio

import httpx2
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from asynctaskflow_api.kube.facts import LATE, NOT_ALL, KubeFacts, NoFacts, open_facts
from asynctaskflow_api.kube.reader import Reader
from asynctaskflow_api.kube.reviews import ServiceAccount
from asynctaskflow_api.settings import ApiSettings
from asynctaskflow_testkit.kube_accounts import another_authority
from asynctaskflow_testkit.virtual import LoopClock

pytestmark = pytest.mark.looptime
SETTINGS = ApiSettings(kube_facts=True, kube_namespace="demo")
EVENTS = "/api/v1/namespaces/demo/events"
PODS = "/api/v1/namespaces/demo/pods"
FUNCTION = "/apis/asynctaskflow.dev/v1alpha1/namespaces/demo/functions/echo"
DEPLOYMENT = "/apis/apps/v1/namespaces/demo/deployments/atf-echo"
POD = "atf-echo-7d4b9c6f8d-x2v9k"


class ApiServer:
    """Answers by path, after a while."""

    def __init__(self):
        self.answers = {FUNCTION: {"metadata": {"name": "echo"}}, DEPLOYMENT: {"metadata": {}}}
        self.takes_s = 0.01
        self.codes = {}
        self.breaks = False
        self.endless = False
        self.requests: list[httpx2.Request] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await asyncio.sleep(self.takes_s)
        if self.breaks:
            raise httpx2.ConnectError("refused")
        path = request.url.path
        goes_on = {"continue": "more"} if self.endless and path == EVENTS else {}
        found = self.answers.get(path, {"metadata": goes_on, "items": []})
        return httpx2.Response(self.codes.get(path, 200), json=found)

    def asked(self, path: str) -> list[dict[str, str]]:
        return [dict(one.url.params) for one in self.requests if one.url.path == path]


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
async def facts(tmp_path, server):
    (tmp_path / "ca.crt").write_bytes(another_authority())
    (tmp_path / "token").write_text("our-own\n")
    transport = httpx2.MockTransport(server)
    reader = Reader(
        "https://kube.test",
        ServiceAccount(tmp_path),
        namespace="demo",
        step_s=1,
        transport=transport,
    )
    made = KubeFacts(reader, SETTINGS, clock=LoopClock())
    yield made
    await made.aclose()


async def test_many_who_look_at_the_same_time_cost_one_look(facts, server):
    found = await asyncio.gather(
        *(facts.function("echo") for _ in range(50)),
        *(facts.events(["echo"], limit=10) for _ in range(50)),
    )

    assert all(one["available"] for one in found)
    assert [one.url.path for one in server.requests].count(FUNCTION) == 1
    assert len(server.asked(EVENTS)) == 3


async def test_a_look_serves_for_two_seconds_and_no_longer(facts, server):
    await facts.function("echo")
    await asyncio.sleep(1.9)
    await facts.function("echo")
    assert len(server.asked(FUNCTION)) == 1
    await asyncio.sleep(0.2)
    await facts.function("echo")
    assert len(server.asked(FUNCTION)) == 2


async def test_who_goes_away_takes_the_look_from_nobody(facts, server):
    first = asyncio.create_task(facts.function("echo"))
    await asyncio.sleep(0.001)
    second = asyncio.create_task(facts.function("echo"))
    await asyncio.sleep(0.001)
    first.cancel()

    assert (await second)["available"]
    assert len(server.asked(FUNCTION)) == 1


async def test_every_list_is_bounded_and_sieved_by_the_api_server(facts, server):
    server.answers[PODS] = {"items": [{"metadata": {"name": POD}}]}
    await facts.function("echo")

    (pods,) = server.asked(PODS)
    assert pods == {"limit": "500", "labelSelector": "asynctaskflow.dev/function=echo"}
    assert sorted(one["fieldSelector"] for one in server.asked(EVENTS)) == [
        "involvedObject.apiVersion=apps/v1",
        "involvedObject.apiVersion=asynctaskflow.dev/v1alpha1",
        f"involvedObject.kind=Pod,involvedObject.name={POD}",
        "involvedObject.kind=Pod,type=Warning",
    ]
    assert {one["limit"] for one in server.asked(EVENTS)} == {"500"}


async def test_pods_that_are_looked_at_closely_are_five(facts, server):
    server.answers[PODS] = {"items": [{"metadata": {"name": f"{POD}{n}"}} for n in range(30)]}
    await facts.function("echo")

    named = [one for one in server.asked(EVENTS) if "involvedObject.name" in one["fieldSelector"]]
    assert len(named) == 5


async def test_more_events_than_are_read_are_said_to_be_missing(facts, server):
    server.endless = True
    found = await facts.events([], limit=10)

    assert (found["available"], found["why"]) == (True, NOT_ALL)
    assert len(server.asked(EVENTS)) == 3 * 4


async def test_a_right_that_is_missing_is_named(facts, server):
    server.codes[PODS] = 403
    found = await facts.function("echo")

    assert (found["enabled"], found["available"], found["pods"]) == (True, False, [])
    assert "may not read pods in namespace demo" in found["why"]


async def test_without_events_the_rest_is_shown(facts, server):
    server.codes[EVENTS] = 403
    found, events = await facts.function("echo"), await facts.events(["echo"], limit=5)

    assert (found["available"], found["events"]) == (True, [])
    assert "may not read events" in found["why"]
    assert (events["available"], events["why"]) == (False, found["why"])


async def test_what_is_no_function_of_the_cluster_is_said_to_be_none(facts, server):
    server.codes[FUNCTION] = 404
    found = await facts.function("echo")

    assert (found["available"], found["why"]) == (
        *(False, "There is no Function echo in namespace demo."),
    )


async def test_a_function_without_a_deployment_has_no_workers(facts, server):
    server.codes[DEPLOYMENT] = 404

    assert (await facts.function("echo"))["workers"] is None


async def test_an_api_server_that_is_slow_is_given_up_on_after_two_seconds(facts, server):
    server.takes_s = 60
    before_s = asyncio.get_running_loop().time()
    found = await facts.function("echo")

    assert (found["available"], found["why"]) == (False, LATE)
    assert asyncio.get_running_loop().time() - before_s == pytest.approx(2)


async def test_events_that_are_late_keep_nothing_else_back(facts, server):
    server.takes_s = 1.5
    before_s = asyncio.get_running_loop().time()
    found = await facts.function("echo")

    assert (found["available"], found["events"], found["why"]) == (True, [], LATE)
    assert asyncio.get_running_loop().time() - before_s == pytest.approx(2)


@pytest.mark.parametrize(
    ("breaks", "codes", "why"),
    [
        (True, {}, "The API server is not reached."),
        (False, {FUNCTION: 503}, "The API server answers 503."),
        (False, {FUNCTION: 401}, "the API server answers 401"),
    ],
)
async def test_a_failure_is_said_and_logged_once_until_it_ends(breaks, codes, why, facts, server):
    server.breaks, server.codes = breaks, codes
    with capture_logs() as logs:
        for _ in range(3):
            assert why in (await facts.function("echo"))["why"]
            await asyncio.sleep(3)
        server.breaks, server.codes = False, {}
        assert (await facts.function("echo"))["why"] == ""

    assert [one["event"] for one in logs] == [
        *("cluster_facts_unavailable", "cluster_facts_are_back"),
    ]


async def test_events_that_cannot_be_read_are_logged_once_while_the_rest_is_read(facts, server):
    server.codes[EVENTS] = 403
    with capture_logs() as logs:
        for _ in range(3):
            await facts.function("echo")
            await asyncio.sleep(3)

    assert [(one["event"], one["part"]) for one in logs] == [
        ("cluster_facts_unavailable", "events")
    ]


async def test_an_answer_that_is_none_is_said_to_be_none(facts, server):
    server.answers[FUNCTION] = {"metadata": [], "status": "?"}

    assert (await facts.function("echo"))["why"] == "The API server's answer is not understood."


async def test_a_look_that_is_going_on_ends_with_the_api(facts, server):
    server.takes_s = 60
    looking = asyncio.create_task(facts.function("echo"))
    await asyncio.sleep(0.1)
    await facts.aclose()

    with pytest.raises(asyncio.CancelledError):
        await looking


async def test_functions_that_nobody_looks_at_any_more_are_forgotten(facts):
    for number in range(20):
        await facts.function(f"echo-{number}")
        await asyncio.sleep(1)

    assert len(facts._functions) <= 3


async def test_where_facts_are_off_or_there_is_no_account_nothing_is_available(tmp_path):
    off = open_facts(ApiSettings(), LoopClock())
    with capture_logs() as logs:
        homeless = open_facts(
            SETTINGS.model_copy(update={"kube_account_dir": tmp_path}), LoopClock()
        )
    answers = [await one.function("echo") for one in (off, homeless)]

    assert isinstance(homeless, NoFacts)
    assert [(one["enabled"], one["available"]) for one in answers] == [
        (False, False),
        (True, False),
    ]
    assert "ATF_API_KUBE_FACTS" in answers[0]["why"]
    assert "no service account" in answers[1]["why"]
    assert [one["event"] for one in logs] == ["cluster_facts_unavailable"]
    assert (await off.events([], limit=1))["events"] == []
    await off.aclose()


def test_facts_need_a_namespace():
    with pytest.raises(ValidationError, match="ATF_API_KUBE_NAMESPACE is missing"):
        ApiSettings(kube_facts=True)


@pytest.mark.parametrize(
    ("host", "url"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_an_ipv6_address_of_the_api_server_stands_in_brackets(host, url):
    assert ApiSettings(kube_host=host, kube_port=443).kube_url == url
