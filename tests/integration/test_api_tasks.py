"""What the API promises about tasks, over a real server: submit, look, steer, repeat."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.function import FunctionSpec, QueueLimits
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_api.app import create_app
from asynctaskflow_testkit.api import patient_settings
from asynctaskflow_testkit.queues import FUNCTION, QueueUnderTest, open_queue
from asynctaskflow_testkit.waiting import eventually

PDF = b"%PDF-1.7\n" + b"0" * 3000
SPEC = FunctionSpec(handler="some.module:handler")


@pytest.fixture
async def q(redis_url: str) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(redis_url) as opened:
        for name in (FUNCTION, "summarize", "pdfxtract"):
            await opened.queue.register(name, SPEC)
        yield opened


@pytest.fixture
async def http(redis_url: str, q: QueueUnderTest) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(
        patient_settings(
            redis_url, body_max_bytes=50_000, upload_max_bytes=100_000, bulk_max_tasks=50
        )
    )
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def submit(http, value=1, **options) -> str:
    answer = await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json=value, **options)
    assert answer.status_code == 202, answer.text
    return answer.json()["task_id"]


async def dead_letter(q, http, number=1, name="boom") -> list[str]:
    ids = [await submit(http, n) for n in range(number)]
    for task in await q.claim(number):
        await q.fail(task, TaskState.DLQ, name=name)
    return ids


@pytest.mark.parametrize("path", ["/api/v1/tasks/summarize/", "/api/v1/tasks/summarize"])
async def test_a_text_is_accepted_on_the_seeds_path_with_and_without_a_slash(http, q, path):
    answer = await http.post(path, json={"content": "Some words."})

    assert answer.status_code == 201
    task_id = answer.json()["task_id"]
    assert answer.json()["state"] == "PENDING"
    assert answer.headers["location"] == f"/api/v1/tasks/{task_id}"
    assert orjson.loads(await q.queue.input(TaskId.parse(task_id))) == {"text": "Some words."}
    shown = (await http.get(answer.headers["location"])).json()
    assert shown["content"] == "Some words."
    assert shown["task_type"] == "summarize"


async def test_a_task_runs_through_its_life_as_seen_over_rest(http, q):
    task_id = await submit(http, {"n": 1}, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    claimed = await q.claim_one()
    active = (await http.get(f"/api/v1/tasks/{task_id}")).json()
    result = await http.get(f"/api/v1/tasks/{task_id}/result")
    await q.complete(claimed, b'{"summary":"short"}')
    done = (await http.get(f"/api/v1/tasks/{task_id}/")).json()

    assert claimed.traceparent.startswith("00-aaaa")
    assert active["state"] == "ACTIVE"
    assert (result.status_code, result.headers["retry-after"]) == (202, "1")
    assert (done["state"], done["result"], done["output"]) == (
        "COMPLETED",
        "short",
        {"summary": "short"},
    )
    assert [step["state"] for step in done["state_history"]] == ["PENDING", "ACTIVE", "COMPLETED"]
    assert (await http.get(f"/api/v1/tasks/{task_id}/result")).json() == {"summary": "short"}
    assert (await http.get(f"/api/v1/tasks/{task_id}/input")).json() == {"n": 1}


async def test_a_failed_task_has_no_result_and_a_completed_one_may_lose_it(http, q):
    (failed,) = await dead_letter(q, http)
    refused = await http.get(f"/api/v1/tasks/{failed}/result")
    lost = await submit(http)
    await q.complete(await q.claim_one())
    await q.client.delete(keys.task_result(FUNCTION, TaskId.parse(lost).uuid))

    assert (refused.status_code, refused.json()["code"]) == (409, "task_not_successful")
    assert refused.json()["error_type"] == "boom"
    assert (await http.get(f"/api/v1/tasks/{lost}/result")).status_code == 410


async def test_waiting_answers_with_the_result_as_soon_as_it_is_there(http, q):
    async def work():
        (task,) = await eventually(lambda: q.claim(1), 5)
        await q.complete(task, b'"answer"')

    worker = asyncio.create_task(work())
    answer = await http.post(
        f"/api/v1/functions/{FUNCTION}/tasks", json=1, headers={"Prefer": "wait=5"}
    )
    await worker

    assert answer.status_code == 200
    assert answer.json()["output"] == "answer"
    assert answer.headers["preference-applied"] == "wait=5"


async def test_waiting_in_vain_answers_202_with_the_task(http):
    answer = await http.post(f"/api/v1/functions/{FUNCTION}/tasks?wait=0.05", json=1)

    assert answer.status_code == 202
    assert answer.json()["state"] == "PENDING"


async def test_a_hundred_parallel_posts_with_one_key_make_one_task(http, q):
    sends = [submit(http, {"a": 1}, headers={"Idempotency-Key": "k"}) for _ in range(100)]
    ids = await asyncio.gather(*sends)
    again = await http.post(
        f"/api/v1/functions/{FUNCTION}/tasks", content=b'{ "a" : 1 }', headers=key("k")
    )
    other = await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json={"a": 2}, headers=key("k"))

    assert len(set(ids)) == 1
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["task_id"] == ids[0]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert (await q.queue.depths(FUNCTION)).primary == 1


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text, "Content-Type": "application/json"}


BAD_BODIES = {
    "not_json": (b"{", 400),
    "not_utf8": (b'"\xff"', 400),
    "empty": (b"", 400),
    "nan": (b"[NaN]", 422),
    "twice": (b'{"a":1,"a":2}', 422),
    "deep": (b"[" * 33 + b"]" * 33, 422),
    "very_deep": (b"[" * 20_000 + b"]" * 20_000, 422),
    "many_keys": (orjson.dumps({str(n): n for n in range(1001)}), 422),
    "huge_number": (b"1" * 5000, 422),
    "beyond_64_bits": (b"1" * 40, 422),
    "surrogate": (b'"\\ud800"', 422),
    "too_large": (b'"' + b"a" * 50_000 + b'"', 413),
}


@pytest.mark.parametrize(("body", "status"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_body_out_of_bounds_is_refused_and_nothing_stored(http, q, body, status):
    answer = await http.post(
        f"/api/v1/functions/{FUNCTION}/tasks",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await q.queue.depths(FUNCTION)).primary == 0


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": " \n"}, {"content": 5}, {"content": "a", "x": 1}, []]
)
async def test_a_summarize_request_names_its_wrong_fields(http, body):
    answer = await http.post("/api/v1/tasks/summarize/", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("body")


async def test_a_full_queue_answers_429_with_a_time_to_come_back(http, q):
    await q.queue.register(FUNCTION, SPEC.model_copy(update={"queue": QueueLimits(max_depth=1)}))
    await submit(http)
    answer = await http.post(f"/api/v1/functions/{FUNCTION}/tasks", json=1)

    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert int(answer.headers["retry-after"]) > 0


async def test_each_item_of_a_bulk_has_its_own_outcome(http, q):
    path = f"/api/v1/functions/{FUNCTION}/tasks/bulk"
    whole = await http.post(path, json=[{"a": 1}, 2, "three"])
    lines = await http.post(
        path,
        content=b'{"a":1}\nnonsense\n[NaN]\n\n2',
        headers={"Content-Type": "application/x-ndjson"},
    )
    many = await http.post(path, json=[0] * 51)

    assert whole.json()["accepted"] == 3
    assert [item.get("problem", {}).get("status") for item in lines.json()["items"]] == [
        None,
        400,
        422,
        None,
    ]
    assert many.status_code == 413
    assert (await q.queue.depths(FUNCTION)).primary == 5


async def test_tasks_and_functions_that_do_not_exist_are_404(http):
    missing = f"{FUNCTION}-01890000-0000-7000-8000-000000000000"
    answers = [
        await http.get(f"/api/v1/tasks/{missing}"),
        await http.get("/api/v1/tasks/no-id"),
        await http.get(f"/api/v1/tasks/{missing}/result"),
        await http.delete(f"/api/v1/tasks/{missing}"),
        await http.post(f"/api/v1/tasks/{missing}/retry"),
        await http.post(f"/api/v1/tasks/{missing}/cancel"),
        await http.post("/api/v1/functions/nobody/tasks", json=1),
        await http.get("/api/v1/functions/nobody"),
        await http.post("/api/v1/functions/nobody/pause"),
        await http.get("/api/v1/dependencies/nobody"),
        await http.post("/api/v1/dependencies/nobody/open"),
        await http.get("/nowhere"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(http):
    answer = await http.put("/api/v1/queues/status")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_retry_cancel_and_delete_follow_the_states(http, q):
    (dead,) = await dead_letter(q, http)
    retried = await http.post(f"/api/v1/tasks/{dead}/retry", json={"reset_retry_count": True})
    twice = await http.post(f"/api/v1/tasks/{dead}/retry")
    cancelled = await http.post(f"/api/v1/tasks/{dead}/cancel")
    too_late = await http.post(f"/api/v1/tasks/{dead}/cancel")
    deleted = await http.delete(f"/api/v1/tasks/{dead}")

    assert retried.json() == {"task_id": dead, "state": "PENDING"}
    assert (twice.status_code, twice.json()["code"]) == (409, "invalid_transition")
    assert cancelled.json()["previous_state"] == "PENDING"
    assert too_late.status_code == 409
    assert deleted.json()["message"] == f"Task {dead} deleted"
    assert (await http.get(f"/api/v1/tasks/{dead}")).status_code == 404


async def test_a_listing_filters_counts_and_names_its_page(http, q):
    await dead_letter(q, http, 3)
    for _ in range(2):
        await http.post("/api/v1/tasks/summarize/", json={"content": "x"})

    async def total(query):
        answer = await http.get(f"/api/v1/tasks/summaries/?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["total_items"]

    assert await total("") == 5
    assert (
        await total("status=DLQ") == await total("task_status=DLQ") == await total("queue=dlq") == 3
    )
    assert await total("task_type=summarize") == 2
    assert await total("queue=primary") == 2
    assert await total("status=DLQ&error_type=boom") == 3
    assert await total("status=DLQ&error_type=other") == 0
    assert await total("start_date=2020-01-01T00:00:00Z") == 5
    assert await total("end_date=2020-01-01T00:00:00%2B02:00") == 0
    assert await total("task_type=nobody") == 0
    page = (await http.get("/api/v1/tasks/?page=2&page_size=2")).json()
    assert (page["page"], page["page_size"], page["total_pages"], len(page["tasks"])) == (
        2,
        2,
        3,
        2,
    )
    assert page["tasks"][0]["content"] in {"x", "2", "1", "0"}


async def test_an_id_or_its_beginning_finds_the_task(http):
    task_id = await submit(http)
    await submit(http)

    async def found(text):
        answer = await http.get("/api/v1/tasks/summaries/", params={"task_id": text})
        return [task["task_id"] for task in answer.json()["tasks"]]

    assert await found(task_id) == await found(task_id.upper()) == [task_id]
    assert task_id in await found(task_id.removeprefix(f"{FUNCTION}-")[:13])
    assert len(await found("ech")) == 2
    assert await found("zzz") == []


async def test_pages_by_cursor_give_every_task_of_all_functions_once(http):
    expected = set()
    for n in range(12):
        expected.add(await submit(http, n))
        answer = await http.post("/api/v1/tasks/summarize/", json={"content": f"{n}"})
        expected.add(answer.json()["task_id"])
    seen, cursor = [], ""
    while True:
        params = {"page_size": 5, "cursor": cursor}
        page = (await http.get("/api/v1/tasks/summaries/", params=params)).json()
        seen += [(task["created_at"], task["task_id"]) for task in page["tasks"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert len(seen) == len(expected)
    assert {task_id for _, task_id in seen} == expected
    assert [at for at, _ in seen] == sorted((at for at, _ in seen), reverse=True)


async def test_pages_go_on_through_a_function_whose_tasks_are_all_older(http):
    expected = [await submit(http, n) for n in range(7)]
    for n in range(12):
        answer = await http.post("/api/v1/tasks/summarize/", json={"content": f"{n}"})
        expected.append(answer.json()["task_id"])
    seen: list[str] = []
    params = {"page_size": 5, "cursor": ""}
    while not seen or params["cursor"]:
        page = (await http.get("/api/v1/tasks/summaries/", params=params)).json()
        seen += [task["task_id"] for task in page["tasks"]]
        params["cursor"] = page["next_cursor"]

    assert sorted(seen) == sorted(expected)


async def test_an_order_that_no_index_gives_is_sorted_while_small_and_refused_otherwise(http):
    ids = [await submit(http, n) for n in range(3)]
    oldest = await http.get("/api/v1/tasks/summaries/?sort_by=created_at&sort_order=asc")
    unknown = await http.get("/api/v1/tasks/summaries/?sort_by=colour")
    deep = await http.get("/api/v1/tasks/summaries/?page=100000&page_size=100")
    bad = await http.get("/api/v1/tasks/summaries/?cursor=!!")

    assert [task["task_id"] for task in oldest.json()["tasks"]] == ids
    assert unknown.status_code == 400
    assert "created_at" in unknown.json()["allowed"]
    assert deep.json()["tasks"] == []
    assert bad.status_code == 400


async def test_a_page_beyond_the_first_thousand_is_refused_with_the_way_on(http, q):
    await q.enqueue(1100)
    answer = await http.get("/api/v1/tasks/summaries/?page=11&page_size=100")
    order = await http.get("/api/v1/tasks/summaries/?sort_order=asc")

    assert answer.status_code == 400
    assert "next_cursor" in answer.json()["detail"]
    assert order.json()["allowed"] == ["created_at"]


async def test_queue_views_agree_with_the_queue(http, q):
    await dead_letter(q, http, 2)
    waiting = await submit(http)
    status = (await http.get("/api/v1/queues/status")).json()
    groups = (await http.get("/api/v1/queues/dlq/groups")).json()

    assert status["queues"] == {"primary": 1, "retry": 0, "scheduled": 0, "dlq": 2}
    assert status["functions"][FUNCTION]["states"]["DLQ"] == 2
    assert status["retry_ratio"] == 0.3
    assert (await http.get("/api/v1/queues/primary/tasks")).json() == [waiting]
    assert len((await http.get("/api/v1/queues/dlq?limit=1")).json()) == 1
    assert (await http.get("/api/v1/queues/other/tasks")).status_code == 422
    assert [(g["error_class"], g["count"]) for g in groups["groups"]] == [("boom", 2)]


async def test_orphans_that_another_program_made_are_queued_again(http, q):
    orphan = await submit(http)
    assert (await http.post("/api/v1/tasks/requeue-orphaned")).json()["found"] == 0
    await q.client.delete(keys.primary(FUNCTION))
    answer = await http.post("/api/v1/tasks/requeue-orphaned")

    assert (answer.json()["found"], answer.json()["requeued"]) == (1, 1)
    assert str((await q.claim_one()).id) == orphan


async def test_a_paused_function_hands_out_nothing_until_resumed(http, q):
    await http.post(f"/api/v1/functions/{FUNCTION}/pause")
    await submit(http)
    nothing = await q.claim(1)
    shown = (await http.get(f"/api/v1/functions/{FUNCTION}")).json()
    await http.post(f"/api/v1/functions/{FUNCTION}/resume")

    assert nothing == []
    assert shown["paused"] is True
    assert shown["spec"]["handler"] == SPEC.handler
    assert len(await q.claim(1)) == 1
    names = [one["name"] for one in (await http.get("/api/v1/functions")).json()["functions"]]
    assert names == [FUNCTION, "pdfxtract", "summarize"]


async def test_a_bulk_action_does_what_its_dry_run_showed_and_nothing_newer(http, q):
    ids = await dead_letter(q, http, 4)
    asked = {"action": "redrive", "filter": {"function": FUNCTION, "state": "DLQ"}}
    dry = (await http.post("/api/v1/tasks/bulk", json=asked)).json()
    still = (await q.queue.depths(FUNCTION)).states[TaskState.DLQ]
    shown_at_ms = int(dry["confirm_token"].partition(".")[0], 16)
    await eventually(lambda: is_later(q, shown_at_ms), 1)
    newer = await dead_letter(q, http, 1)
    real = {**asked, "dry_run": False, "confirm_token": dry["confirm_token"], "limit": 3}
    first = (await http.post("/api/v1/tasks/bulk", json=real)).json()
    second = (await http.post("/api/v1/tasks/bulk", json=real)).json()

    assert (dry["matched"], set(dry["sample"]), still) == (4, set(ids), 4)
    assert (first["outcomes"], first["more"]) == ({"done": 3}, True)
    assert (second["outcomes"], second["more"]) == ({"done": 1}, False)
    assert await q.state(TaskId.parse(newer[0])) == TaskState.DLQ
    assert (await q.queue.depths(FUNCTION)).retry == 4


async def is_later(q, moment_ms: int) -> bool:
    return (await q.queue.depths(FUNCTION)).now_ms > moment_ms


async def test_a_bulk_action_needs_the_token_of_its_own_dry_run(http, q):
    ids = await dead_letter(q, http, 2)
    dry = await http.post("/api/v1/tasks/bulk", json={"action": "retry", "task_ids": ids})
    token = dry.json()["confirm_token"]
    other = {"action": "delete", "task_ids": ids, "dry_run": False, "confirm_token": token}
    refused = await http.post("/api/v1/tasks/bulk", json=other)
    none = await http.post("/api/v1/tasks/bulk", json={**other, "confirm_token": ""})

    assert (refused.status_code, refused.json()["code"]) == (409, "confirm_token_stale")
    assert none.status_code == 409
    assert (await q.queue.depths(FUNCTION)).states[TaskState.DLQ] == 2


@pytest.mark.parametrize("action", ["retry", "cancel", "delete"])
async def test_bulk_outcomes_are_counted_one_by_one(http, q, action):
    (dead,) = await dead_letter(q, http)
    waiting = await submit(http)
    gone = f"{FUNCTION}-01890000-0000-7000-8000-000000000000"
    asked = {"action": action, "task_ids": [dead, waiting, gone], "rate": 1000}
    token = (await http.post("/api/v1/tasks/bulk", json=asked)).json()["confirm_token"]
    done = await http.post(
        "/api/v1/tasks/bulk", json={**asked, "dry_run": False, "confirm_token": token}
    )

    expected = {"done": 1, "refused": 1, "gone": 1}
    assert done.json()["outcomes"] == ({"done": 2, "gone": 1} if action == "delete" else expected)


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
