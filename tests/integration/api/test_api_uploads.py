"""Uploads over REST: what becomes a task, what is refused while it streams, what is left behind."""

import asyncio

import orjson
import pytest

from asynctaskflow.model.task import TaskId

PDF = b"%PDF-1.7\n" + b"0" * 3000


async def test_a_pdf_becomes_a_task_that_names_its_upload(http, q):
    answer = await send_pdf(http, data={"issue_date": "2024-05-01"}, name="../../etc/News.pdf")
    given = orjson.loads(await q.queue.input(TaskId.parse(answer.json()["task_id"])))
    ref = given.pop("pdf_ref")

    assert answer.status_code == 201
    assert given == {"filename": "News.pdf", "issue_date": "2024-05-01"}
    blob = await http.get(f"/api/v1/tasks/{answer.json()['task_id']}")
    assert blob.json()["input"]["pdf_ref"] == ref


async def send_pdf(http, *, content=PDF, kind="application/pdf", data=None, name="a.pdf", **more):
    files = {"file": (name, content, kind)}
    return await http.post("/api/v1/tasks/pdfxtract", files=files, data=data or {}, **more)


async def test_the_same_pdf_under_the_same_key_is_the_same_task(http, q):
    sends = [send_pdf(http, headers={"Idempotency-Key": "issue-1"}) for _ in range(4)]
    answers = await asyncio.gather(*sends)
    other = await send_pdf(http, content=PDF + b"1", headers={"Idempotency-Key": "issue-1"})

    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert sorted(answer.json()["created"] for answer in answers) == [False, False, False, True]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert len(await blob_keys(q)) == 2  # description and chunk of the one that is used


async def blob_keys(q) -> list[bytes]:
    return await q.client.keys("blob:*")


async def test_what_is_no_pdf_is_refused_and_leaves_nothing(http, q):
    refused = [
        (await send_pdf(http, content=b"hello" * 100)).status_code,
        (await send_pdf(http, kind="text/plain")).status_code,
        (await send_pdf(http, data={"issue_date": "yesterday"})).status_code,
        (await send_pdf(http, content=PDF + b"0" * 200_000)).status_code,
        (await http.post("/api/v1/tasks/pdfxtract", json={})).status_code,
        (
            await http.post("/api/v1/tasks/pdfxtract", data={"a": "b"}, files={"x": b"y"})
        ).status_code,
    ]

    assert refused == [415, 400, 422, 413, 415, 422]
    assert await blob_keys(q) == []
    assert (await q.queue.depths("pdfxtract")).primary == 0


async def test_a_form_of_unknown_length_is_refused_at_the_limit_and_leaves_nothing(http, q):
    async def endless():
        head = 'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        yield f"--x\r\n{head}Content-Type: application/pdf\r\n\r\n".encode() + PDF
        for _ in range(1000):
            yield b"0" * 10_000

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await http.post("/api/v1/tasks/pdfxtract", content=endless(), headers=kind)

    assert answer.status_code == 413
    assert await blob_keys(q) == []


async def test_an_upload_is_kept_for_the_task_that_names_it(http, q):
    path = "/api/v1/uploads?function=pdfxtract"
    raw = await http.post(path, content=PDF, headers={"Content-Type": "application/pdf"})
    form = await http.post(path, files={"file": ("a.pdf", PDF, "application/pdf")})
    wrong = await http.post(path, content=b"no", headers={"Content-Type": "application/pdf"})
    ref = raw.json()["ref"]
    used = await http.post("/api/v1/functions/pdfxtract/tasks", json={"pdf_ref": ref})
    unknown = await http.post("/api/v1/functions/pdfxtract/tasks", json={"pdf_ref": ref + "0"})

    assert (raw.status_code, raw.json()["size"]) == (201, len(PDF))
    assert form.json()["sha256"] == raw.json()["sha256"]
    assert wrong.status_code == 415
    assert used.status_code == 202
    assert (unknown.status_code, "pdf_ref" in unknown.json()["detail"]) == (422, True)
    lifetimes = [await q.client.ttl(name) for name in await blob_keys(q)]
    assert sorted(one > 86_400 for one in lifetimes) == [False, False, True, True]


async def test_an_upload_that_breaks_off_leaves_nothing(http, q):
    async def broken():
        yield PDF
        raise ConnectionError("the sender went away")

    with pytest.raises(ConnectionError):
        await http.post(
            "/api/v1/uploads?function=pdfxtract",
            content=broken(),
            headers={"Content-Type": "application/pdf"},
        )

    assert await blob_keys(q) == []
