"""What only the dashboard asks for: who calls, and when tasks ended."""

import httpx2

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
