"""What a caller may submit, alone and in bulk, and what is refused before anything is stored."""

import asyncio

import orjson
import pytest

from asynctaskflow.model.function import QueueLimits
from asynctaskflow.model.task import TaskId
from asynctaskflow_testkit.api import SPEC, submit
from asynctaskflow_testkit.queues import FUNCTION


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
