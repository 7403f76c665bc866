"""What only the dashboard asks for: who calls, and when tasks ended."""

from datetime import datetime
from itertools import pairwise

import httpx2
import pytest

from asynctaskflow.model.task import TaskState
from asynctaskflow_api.access import Role, new_key
from asynctaskflow_api.app import create_app
from asynctaskflow_testkit.api import dead_letter, patient_settings, submit
from asynctaskflow_testkit.queues import FUNCTION

PATH = "/api/v1/throughput"


async def test_ended_tasks_are_counted_in_the_step_in_which_they_ended(http, q):
    for number in range(3):
        await submit(http, number)
    for task in await q.claim(2):
        await q.complete(task)
    for task in await q.claim(1):
        await q.fail(task, TaskState.FAILED)
    await dead_letter(q, http, 2)

    found = (await http.get(PATH, params={"minutes": 15})).json()

    assert found["step_seconds"] == 30
    assert len(found["starts"]) == len(found["completed"]) == 30
    sums = [sum(found[name]) for name in ("completed", "failed", "dead_lettered")]
    assert sums == [2, 1, 2]
    assert sum(found["completed"][-2:]) == 2
    assert found["starts"][-1] < found["now"]


@pytest.mark.parametrize(
    ("minutes", "step_s", "steps"), [(1, 30, 2), (15, 30, 30), (60, 120, 30), (1440, 2880, 30)]
)
async def test_steps_are_equal_and_reach_back_as_far_as_asked(http, minutes, step_s, steps):
    found = (await http.get(PATH, params={"minutes": minutes})).json()

    lines = [found[name] for name in ("starts", "completed", "failed", "dead_lettered")]
    assert [len(line) for line in lines] == [steps] * 4
    starts = [datetime.fromisoformat(start) for start in (*found["starts"], found["now"])]
    assert found["step_seconds"] == step_s
    assert {(after - before).total_seconds() for before, after in pairwise(starts)} == {step_s}


async def test_purged_and_deleted_tasks_stay_counted(http, q):
    ids = [await submit(http, number) for number in range(3)]
    for task in await q.claim(3):
        await q.complete(task)
    await q.queue.purge(FUNCTION, ttl_ms={TaskState.COMPLETED: 0}, keep={})
    assert (await http.get(f"/api/v1/tasks/{ids[0]}")).status_code == 404

    for minutes in (15, 1440):
        found = (await http.get(PATH, params={"minutes": minutes})).json()
        assert sum(found["completed"]) == 3


async def test_one_function_is_counted_alone_and_an_unknown_one_is_empty(http, q):
    await dead_letter(q, http)

    async def counted(function: str) -> int:
        answer = await http.get(PATH, params={"function": function})
        return sum(answer.json()["dead_lettered"])

    assert await counted(FUNCTION) == 1
    assert await counted("summarize") == 0
    assert await counted("nobody") == 0


async def test_a_caller_is_told_its_name_and_role(redis_url, q):
    key, setting = new_key("viewer", Role.READ)
    app = create_app(patient_settings(redis_url, auth="keys", keys=setting))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost"
    ) as http:
        nobody = await http.get("/api/v1/me")
        viewer = await http.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})

    assert nobody.status_code == 401
    assert viewer.json() == {"name": "key:viewer", "role": "read"}


async def test_without_authentication_everybody_is_the_administrator(http):
    assert (await http.get("/api/v1/me")).json() == {"name": "local", "role": "admin"}
