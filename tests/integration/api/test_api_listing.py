"""Listing over REST: filters, totals, pages by number and by cursor, orders, queue views."""

import pytest

from asynctaskflow_testkit.api import dead_letter, submit
from asynctaskflow_testkit.queues import FUNCTION


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


async def test_a_page_of_several_functions_beyond_the_first_thousand_is_refused_with_the_way_on(
    http, q
):
    await q.enqueue(1100)
    await http.post("/api/v1/tasks/summarize/", json={"content": "of another function"})
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
    assert (groups["total"], groups["more"], groups["left_out"]) == (2, 0, {})


async def fail_rows(http, q, *messages: str) -> list[str]:
    ids = [await submit(http) for _ in messages]
    for message in messages:
        await q.fail(await q.claim_one(), message=message)
    return ids


async def test_dead_letters_that_are_alike_are_listed_by_class_and_fingerprint(http, q):
    rows = await fail_rows(http, q, "row 17 is bad", "row 99 is bad")
    (other,) = await fail_rows(http, q, "no route to host")
    found = (await http.get("/api/v1/queues/dlq/groups")).json()
    larger, smaller = found["groups"]
    named = f"boom/{larger['fingerprint']}"
    listed = await http.get(
        "/api/v1/tasks/summaries/", params={"task_status": "DLQ", "error_type": named}
    )
    newest, oldest = [(await http.get(f"/api/v1/tasks/{one}")).json() for one in reversed(rows)]

    assert (larger["count"], larger["newest"]) == (2, rows[::-1])
    assert larger["last_error"] == "row 99 is bad"
    assert (larger["first_at"], larger["last_at"]) == (oldest["updated_at"], newest["updated_at"])
    assert (smaller["count"], smaller["newest"]) == (1, [other])
    assert newest["fingerprint"] == larger["fingerprint"] != smaller["fingerprint"]
    assert [one["task_id"] for one in listed.json()["tasks"]] == rows[::-1]
    assert listed.json()["total_items"] == 2


async def test_groups_beyond_the_limit_are_counted_for_their_function(http, q):
    await fail_rows(http, q, "one way", "another way", "a third way")
    found = (await http.get("/api/v1/queues/dlq/groups?limit=2")).json()

    assert (len(found["groups"]), found["total"], found["more"]) == (2, 3, 1)
    assert found["left_out"] == {FUNCTION: 1}
    assert (await http.get("/api/v1/queues/dlq/groups?limit=201")).status_code == 422


@pytest.mark.parametrize("wrong", ["boom/xyz", "boom/", "/0123456789", "Boom", "boom/0123456789/"])
async def test_what_is_no_error_class_is_refused_by_name(http, wrong):
    answer = await http.get(
        "/api/v1/tasks/summaries/", params={"task_status": "DLQ", "error_type": wrong}
    )

    assert answer.status_code == 422
    assert "error_type" in answer.text


async def test_a_fingerprint_is_one_of_a_dead_letter(http):
    answer = await http.get(
        "/api/v1/tasks/summaries/?task_status=FAILED&error_type=boom/0123456789"
    )

    assert answer.status_code == 400
    assert "fingerprint" in answer.json()["detail"]
