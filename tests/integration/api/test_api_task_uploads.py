"""What a task's input names can be read again: those files and no others, harmless to whoever opens them."""

import orjson
import pytest
from pydantic import SecretStr

from asynctaskflow.blobs.port import NewBlob
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow_api.app import create_app
from asynctaskflow_api.download import CSP
from asynctaskflow_testkit.api import client_of, patient_settings, submit

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 300
TASKS = "/api/v1/tasks"


async def send_pdf(http, *, name="Gazette.pdf") -> str:
    files = {"file": (name, PDF, "application/pdf")}
    return (await http.post(f"{TASKS}/pdfxtract", files=files)).json()["task_id"]


async def test_an_upload_comes_back_as_it_was_sent(http):
    answer = await http.get(f"{TASKS}/{await send_pdf(http)}/uploads/pdf_ref")

    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_an_upload_in_an_s3_store_comes_back_too(redis_url, q, bucket):
    settings = patient_settings(redis_url, blob_url=SecretStr(bucket.url))
    async with client_of(create_app(settings)) as http:
        answer = await http.get(f"{TASKS}/{await send_pdf(http)}/uploads/pdf_ref")

    assert (answer.status_code, answer.content) == (200, PDF)
    assert await bucket.objects()


@pytest.mark.parametrize("known", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
async def test_who_has_the_file_is_not_sent_it_again(http, known):
    path = f"{TASKS}/{await send_pdf(http)}/uploads/pdf_ref"
    tag = (await http.get(path)).headers["etag"]
    again = await http.get(path, headers={"If-None-Match": known.format(tag.strip('"'))})
    other = await http.get(path, headers={"If-None-Match": '"other"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (other.status_code, other.content) == (200, PDF)


async def test_an_uploaded_page_can_run_nothing_in_our_name(http):
    page = b"<script>fetch('/api/v1/tasks/')</script>"
    path = "/api/v1/uploads?function=echo"
    ref = (await http.post(path, content=page, headers={"Content-Type": "text/html"})).json()["ref"]
    task = await submit(http, {"page_ref": ref, "filename": 'a";\r\nSet-Cookie: x="ü.html'})
    answer = await http.get(f"{TASKS}/{task}/uploads/page_ref")

    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"] == (
        'inline; filename="a_;Set-Cookie: x=__.html"; '
        "filename*=UTF-8''a%22%3BSet-Cookie%3A%20x%3D%22%C3%BC.html"
    )
    assert "set-cookie" not in answer.headers


async def test_a_404_says_whether_the_task_the_field_or_the_upload_is_missing(http, q):
    task = await send_pdf(http)
    nowhere = "pdfxtract-00000000-0000-7000-8000-000000000000"
    plain = await submit(http, [1, 2])
    paths = [
        f"{nowhere}/uploads/pdf_ref",
        f"{task}/uploads/filename",
        f"{plain}/uploads/pdf_ref",
        f"{task}/uploads/pdf_ref",
    ]
    await q.client.delete(*await q.client.keys("blob:*"))
    answers = [await http.get(f"{TASKS}/{path}") for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert [answer.json()["code"] for answer in answers] == [
        "task_not_found",
        "upload_not_named",
        "upload_not_named",
        "upload_gone",
    ]
    assert "pdf_ref" in answers[1].json()["detail"]
    assert "90 days" in answers[3].json()["detail"]


async def test_a_blob_of_another_function_is_not_shown(http, q):
    new = NewBlob("summarize", max_bytes=100)
    ref = str(await RedisBlobs(q.client).put(new, b"of somebody else"))
    task = await submit(http, {"stolen_ref": ref})
    answer = await http.get(f"{TASKS}/{task}/uploads/stolen_ref")

    assert (answer.status_code, answer.json()["code"]) == (404, "upload_gone")


async def test_a_file_that_is_damaged_from_its_beginning_is_no_answer_of_ours(http, q):
    task = await send_pdf(http)
    [description] = [name for name in await q.client.keys("blob:*") if not name.endswith(b":1")]
    stored = orjson.loads(await q.client.get(description))
    await q.client.set(description, orjson.dumps({**stored, "chunks": -1}))
    answer = await http.get(f"{TASKS}/{task}/uploads/pdf_ref")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


async def test_no_more_downloads_run_than_are_allowed_and_each_gives_its_turn_back(redis_url, q):
    async with client_of(create_app(patient_settings(redis_url, downloads_at_once=1))) as http:
        path = f"{TASKS}/{await send_pdf(http)}/uploads/pdf_ref"
        one_after_another = [(await http.get(path)).status_code for _ in range(3)]

    assert one_after_another == [200, 200, 200]
