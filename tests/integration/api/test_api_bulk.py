"""What is done to many tasks or to a whole function: orphans, pause, bulk actions with their dry run."""

import pytest

from asynctaskflow.model import keys
from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow_testkit.api import SPEC, dead_letter, submit
from asynctaskflow_testkit.queues import FUNCTION
from asynctaskflow_testkit.waiting import eventually


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


@pytest.mark.parametrize("action", ["redrive", "delete"])
async def test_a_group_of_alike_dead_letters_is_handled_alone(http, q, action):
    for message in ("row 17 is bad", "row 99 is bad", "no route to host"):
        await submit(http)
        await q.fail(await q.claim_one(), message=message)
    largest = (await http.get("/api/v1/queues/dlq/groups")).json()["groups"][0]
    named = f"boom/{largest['fingerprint']}"
    where = {"function": FUNCTION, "state": "DLQ", "error_class": named}
    asked = {"action": action, "filter": where}
    dry = (await http.post("/api/v1/tasks/bulk", json=asked)).json()
    real = {**asked, "dry_run": False, "confirm_token": dry["confirm_token"]}
    done = (await http.post("/api/v1/tasks/bulk", json=real)).json()
    (left,) = (await http.get("/api/v1/queues/dlq/groups")).json()["groups"]

    assert (dry["matched"], done["outcomes"], done["matched"]) == (2, {"done": 2}, 0)
    assert (left["count"], left["last_error"]) == (1, "no route to host")


async def test_a_bulk_action_names_the_field_that_is_no_error_class(http):
    where = {"function": FUNCTION, "state": "DLQ", "error_class": "boom/xyz"}
    answer = await http.post("/api/v1/tasks/bulk", json={"action": "redrive", "filter": where})

    assert answer.status_code == 422
    assert "error_class" in answer.text


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
