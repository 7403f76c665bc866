"""The last scaling decisions of a function over REST."""

from asynctaskflow.scaling import Candidate, DecisionRecord, LoadSample
from asynctaskflow.taskqueue.scaling_log import RedisScalingLog
from asynctaskflow_testkit.queues import FUNCTION

PATH = f"/api/v1/functions/{FUNCTION}/scaling"


async def test_decisions_come_newest_first_with_their_reasons(http, q):
    log = RedisScalingLog(q.client)
    await log.append(FUNCTION, DecisionRecord(1000, 0, 1, 0, "0 -> 1 workers", "None"))
    later = DecisionRecord(
        at_ms=2000,
        previous=1,
        replicas=10,
        ready=1,
        reason="1 -> 10 workers: 90 waiting",
        limited_by="MaxReplicas",
        inputs={"waiting": 90},
        candidates=(Candidate("demand", 90),),
        next_scale_down_s=12.5,
    )
    await log.append(FUNCTION, later)

    found = (await http.get(PATH)).json()

    assert (found["function"], found["max_replicas"], found["mode"]) == (FUNCTION, 10, "Active")
    assert [one["at"] for one in found["decisions"]] == [
        "1970-01-01T00:00:02.000+00:00",
        "1970-01-01T00:00:01.000+00:00",
    ]
    newest = found["decisions"][0]
    assert newest["limited_by"] == "MaxReplicas"
    assert newest["inputs"] == {"waiting": 90}
    assert newest["candidates"] == [{"signal": "demand", "replicas": 90}]
    assert newest["next_scale_down_at"] == "1970-01-01T00:00:12.500+00:00"
    assert len((await http.get(PATH, params={"limit": 1})).json()["decisions"]) == 1


async def test_a_function_that_never_scaled_has_none_and_an_unknown_one_is_not_found(http):
    assert (await http.get(PATH)).json()["decisions"] == []
    assert (await http.get("/api/v1/functions/nobody/scaling")).status_code == 404
    assert (await http.get(PATH, params={"limit": 51})).status_code == 422


async def test_the_load_of_the_last_minutes_is_told_oldest_first(http, q):
    log, path = RedisScalingLog(q.client), f"/api/v1/functions/{FUNCTION}/load"
    now_ms = (await log.load(FUNCTION, last_ms=0)).now_ms
    await log.note(FUNCTION, LoadSample(now_ms - 90_000, 9, 3, 2, 1))
    await log.note(FUNCTION, LoadSample(now_ms, 4, 4, 2, 2))

    first, last = (await http.get(path, params={"minutes": 2})).json()["samples"]

    assert first["at"] < last["at"]
    del first["at"]
    assert first == {"waiting": 9, "running": 3, "desired": 2, "ready": 1}
    assert len((await http.get(path, params={"minutes": 1})).json()["samples"]) == 2
    assert (await http.get("/api/v1/functions/nobody/load")).status_code == 404
    assert (await http.get(path, params={"minutes": 61})).status_code == 422


async def test_decisions_of_all_functions_come_in_one_answer_newest_first(http, q):
    log = RedisScalingLog(q.client)
    for at_ms, function in ((1000, FUNCTION), (2000, "other"), (3000, FUNCTION)):
        await q.queue.register(function, await q.queue.spec(FUNCTION))
        await log.append(function, DecisionRecord(at_ms, 0, 1, 0, f"at {at_ms}", "None"))

    async def told(**query) -> list[tuple[str, str]]:
        found = (await http.get("/api/v1/scaling", params=query)).json()["decisions"]
        return [(one["function"], one["reason"]) for one in found]

    assert await told() == [(FUNCTION, "at 3000"), ("other", "at 2000"), (FUNCTION, "at 1000")]
    assert await told(limit=1) == [(FUNCTION, "at 3000")]
    assert await told(function="other") == [("other", "at 2000")]
    assert await told(function="nobody") == []


async def test_the_list_of_functions_says_what_was_decided_last(http, q):
    await RedisScalingLog(q.client).append(
        FUNCTION, DecisionRecord(1, 0, 1, 0, "one waits", "None")
    )

    found = (await http.get("/api/v1/functions")).json()["functions"]

    listed = {one["name"]: one["last_decision"] for one in found}
    assert listed.pop(FUNCTION)["reason"] == "one waits"
    assert set(listed.values()) == {None}
