"""The dashboard is served under its own addresses, safely and compressed, and takes none of the API's."""

import gzip
import mimetypes
import re
from pathlib import Path

import httpx2
import pytest

from asynctaskflow_api.app import create_app
from asynctaskflow_api.dashboard import PAGES
from asynctaskflow_api.settings import ApiSettings

ROOT = Path(__file__).resolve().parents[3]
HTML = {"Accept": "text/html"}
SCRIPT = b"console.log('the dashboard');" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>AsyncTaskFlow</title>")
    (tmp_path / "assets/app-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets/app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets/plain-3c4d.css").write_text("body {}")
    (tmp_path / "assets/worker-5e6f.mjs").write_bytes(SCRIPT)
    (tmp_path / "assets/worker-5e6f.mjs.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets/pdfjs-1/fonts").mkdir(parents=True)
    for name in ("sans.ttf", "serif.pfb", "LICENSE"):
        (tmp_path / "assets/pdfjs-1/fonts" / name).write_bytes(b"a font")
    return tmp_path


@pytest.fixture
def http(built: Path) -> httpx2.AsyncClient:
    app = create_app(ApiSettings(auth="keys", dashboard_dir=built))
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost", headers=HTML
    )


@pytest.mark.parametrize("path", ["/", *(re.sub(r"{\w+}", "some-1", one) for one in PAGES)])
async def test_every_page_is_the_same_file_and_needs_no_credential(http, path):
    answer = await http.get(path)

    assert answer.status_code == 200
    assert "AsyncTaskFlow" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_page_may_run_and_style_only_what_is_in_a_file_of_ours(http):
    policy = (await http.get("/tasks")).headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing", "/tasks/one/two", "/assets/no.js"])
async def test_what_is_no_page_is_not_found(http, path):
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/openapi.json", "/health", "/api/v1/tasks/"])
async def test_the_apis_own_paths_still_ask_for_a_credential(http, path):
    assert (await http.get(path)).status_code == 401


async def test_a_program_still_gets_json_at_the_root(http):
    answer = await http.get("/", headers={"Accept": "application/json"})

    assert answer.json()["docs"] == "/docs"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_script_is_kept_for_ever_and_compressed_for_who_takes_it(http, encoding):
    answer = await http.get("/assets/app-1a2b.js", headers={"Accept-Encoding": encoding})

    assert answer.content == SCRIPT
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert "javascript" in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]


async def test_a_file_without_compressed_copy_comes_as_it_is(http):
    answer = await http.get("/assets/plain-3c4d.css", headers={"Accept-Encoding": "gzip"})

    assert answer.text == "body {}"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("worker-5e6f.mjs", "text/javascript"),
        ("pdfjs-1/fonts/sans.ttf", "font/ttf"),
        ("pdfjs-1/fonts/serif.pfb", "application/octet-stream"),
        ("pdfjs-1/fonts/LICENSE", "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_pdfjs_asks_for_has_its_type_on_every_machine(
    http, monkeypatch, name, kind, encoding
):
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: (None, None))
    answer = await http.get(f"/assets/{name}", headers={"Accept-Encoding": encoding})

    assert answer.status_code == 200
    assert answer.headers.get_list("content-type")[0].partition(";")[0] == kind
    assert len(answer.headers.get_list("content-type")) == 1
    assert "immutable" in answer.headers["cache-control"]


async def test_a_worker_may_import_our_files_and_connect_to_nothing(http):
    worker = (await http.get("/assets/worker-5e6f.mjs")).headers["content-security-policy"]
    script = (await http.get("/assets/app-1a2b.js")).headers["content-security-policy"]

    assert worker == "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
    assert script == "default-src 'none'; frame-ancestors 'none'"


def test_the_api_serves_just_the_addresses_that_the_dashboard_has():
    source = (ROOT / "dashboard/src/app/paths.ts").read_text()
    listed = re.search(r"PAGES = \[(.*?)\]", source, re.DOTALL)
    assert listed is not None

    patterns = [re.sub(r"\$(\w+)", r"{\1}", one) for one in re.findall(r'"(.*?)"', listed[1])]

    assert patterns == ["/", *PAGES]
