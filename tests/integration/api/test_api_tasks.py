"""A task as seen over REST: its life, its result, waiting for it, and what is not there."""

import asyncio

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId
from asynctaskflow_testkit.api import dead_letter, submit
from asynctaskflow_testkit.queues import FUNCTION
from asynctaskflow_testkit.waiting import eventually


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
