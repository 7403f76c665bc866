"""Nobody gets in without a credential that allows it; every route says what it takes."""

import httpx2
import pytest
from pydantic import ValidationError
from starlette.routing import Mount

from asynctaskflow_api.access import ApiKey, KeyRing, Role, new_key
from asynctaskflow_api.app import create_app
from asynctaskflow_api.dashboard import ASSETS, PAGES, Dashboard
from asynctaskflow_api.main import main
from asynctaskflow_api.routing import Operation
from asynctaskflow_api.settings import ApiSettings

# Where the dashboard is built its pages are public too: there is no data in them.
DASHBOARD = {"/", *PAGES, *(f"{page}/" for page in PAGES)} if Dashboard.find(None) else set()
DOCS = ("/docs", "/redoc", "/docs/docs.css", "/docs/docs.js")
PUBLIC = {f"{page}{end}" for page in ("/live", "/ready", *DOCS) for end in ("", "/")} | DASHBOARD
READER_KEY, READER = new_key("reader", Role.READ)
WRITER_KEY, WRITER = new_key("writer", Role.WRITE)
APP = create_app(ApiSettings(keys=(ApiKey.parse(READER), ApiKey.parse(WRITER))))
OPERATIONS = [
    (method, route)
    for route in APP.routes
    if isinstance(route, Operation)
    for method in sorted(route.methods or ())
]


def name_of(value: object) -> str:
    return value.path if isinstance(value, Operation) else str(value)


async def send(method: str, path: str, headers: dict[str, str], app=APP) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as http:
        return await http.request(method, path, headers=headers)


def test_every_route_is_an_operation_with_a_role():
    others = [route for route in APP.routes if not isinstance(route, Operation)]
    mounted = [route.path for route in others if isinstance(route, Mount)]
    assert mounted == ([ASSETS] if DASHBOARD else [])
    assert len(others) == len(mounted)
    assert {route.path for _, route in OPERATIONS if route.rule.role is Role.PUBLIC} == PUBLIC


@pytest.mark.parametrize(("method", "route"), OPERATIONS, ids=name_of)
async def test_without_a_good_credential_a_route_answers_401(method, route):
    if route.path in PUBLIC:
        return
    for headers in (
        {},
        {"Authorization": "Bearer garbage"},
        {"Authorization": f"Basic {READER_KEY}"},
        {"X-API-Key": READER_KEY[:-1] + ("a" if READER_KEY[-1] != "a" else "b")},
    ):
        answer = await send(method, route.path.replace("{", "").replace("}", ""), headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "route"), OPERATIONS, ids=name_of)
async def test_a_lesser_role_answers_403(method, route):
    keys = {Role.WRITE: [READER_KEY], Role.ADMIN: [READER_KEY, WRITER_KEY]}
    for key in keys.get(route.rule.role, []):
        headers = {"Authorization": f"Bearer {key}"}
        answer = await send(method, route.path.replace("{", "").replace("}", ""), headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_whatever_changes_something_needs_more_than_reading():
    changing = [route for method, route in OPERATIONS if method not in {"GET", "HEAD"}]

    assert changing
    assert all(route.rule.role >= Role.WRITE for route in changing)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
async def test_a_page_of_another_site_cannot_use_an_open_local_api(headers):
    app = create_app(ApiSettings(auth="off"))
    given = {"Host": "localhost:8000", **headers}
    answer = await send("POST", "/api/v1/workers/open-circuit-breaker", given, app)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
async def test_the_local_api_is_open_by_its_own_names(host):
    app = create_app(ApiSettings(auth="off"))

    answer = await send("GET", "/version", {"Host": host, "Origin": f"http://{host}"}, app)
    assert answer.status_code == 200


async def test_a_key_is_accepted_by_its_digest_alone():
    ring = KeyRing([ApiKey.parse(READER)])

    assert (found := await ring.principal(READER_KEY))
    assert (found.name, found.role) == ("key:reader", Role.READ)
    assert await ring.principal(READER_KEY + "x") is None
    assert await ring.principal(WRITER_KEY) is None
    assert READER_KEY not in READER


@pytest.mark.parametrize(
    "text", ["", "a:read", "a:root:" + "0" * 64, "A:read:" + "0" * 64, "a:read:x"]
)
def test_a_key_setting_that_is_wrong_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="API key"):
        ApiKey.parse(text)


def test_settings_take_keys_from_one_line_and_refuse_a_name_twice(monkeypatch):
    monkeypatch.setenv("ATF_API_KEYS", f"{READER}, {WRITER}")
    assert [key.id for key in ApiSettings().keys] == ["reader", "writer"]

    monkeypatch.setenv("ATF_API_KEYS", f"{READER},{READER}")
    with pytest.raises(ValidationError, match="same id"):
        ApiSettings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("ATF_API_PORT", "many", "port: "), ("ATF_API_KEYS", f"{READER},{READER}", "the same id")],
)
def test_the_process_says_which_setting_is_wrong(name, value, told, monkeypatch):
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match=f"atf-api: .*{told}"):
        main()


def test_settings_do_not_show_the_redis_password(monkeypatch):
    monkeypatch.setenv("ATF_REDIS_URL", "redis://:hunter2@db:6379/0")

    assert "hunter2" not in repr(ApiSettings())


async def test_every_answer_carries_an_id_and_security_headers():
    plain = await send("GET", "/live", {"X-Request-ID": "mine-1"})
    refused = await send("GET", "/nowhere", {"X-Request-ID": "bad id\x7f"})

    assert plain.headers["x-request-id"] == "mine-1"
    assert refused.headers["x-request-id"] == refused.json()["request_id"] != "bad id\x7f"
    for answer in (plain, refused):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


async def test_a_defect_answers_500_without_telling_what_happened():
    app = create_app(ApiSettings(auth="off"))

    async def broken() -> list[str]:
        raise RuntimeError("the password is hunter2")

    app.state.services.queue.functions = broken
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/api/v1/queues/status")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_documentation_is_our_own_and_runs_no_foreign_script():
    page = await send("GET", "/docs", {})
    script = await send("GET", "/docs/docs.js", {})

    assert page.status_code == script.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_a_browser_opens_the_documentation_without_a_key_and_reads_the_document_with_one():
    key = {"Authorization": f"Bearer {READER_KEY}"}

    assert (await send("GET", "/docs", {})).status_code == 200
    assert (await send("GET", "/openapi.json", {})).status_code == 401
    assert (await send("GET", "/openapi.json", key)).status_code == 200
