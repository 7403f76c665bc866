"""A Redis that is away, refuses, restarts or stands still, seen from a worker."""

import json

from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.waiting import eventually


async def test_a_worker_without_redis_waits_unready_and_says_so_once(start, server, submit):
    server.kill()
    worker = start("echo")
    await eventually(lambda: worker.events("redis_away"), 15)

    assert worker.probe("/ready")[0] == 503
    assert worker.probe("/live")[0] == 200
    server.restart()
    await worker.running()
    await submit.reaches(await submit("echo"), TaskState.COMPLETED)

    assert len(worker.events("redis_away")) == 1
    assert worker.probe("/ready")[0] == 200


async def test_a_wrong_password_is_said_without_showing_it(start, server):
    server.command("CONFIG", "SET", "requirepass", "right")
    try:
        worker = start("echo", redis_url=server.url.replace("redis://", "redis://:hunter2@"))
        away = await eventually(lambda: worker.events("redis_away"), 15)
    finally:
        server.command("CONFIG", "SET", "requirepass", "")

    assert worker.code is None
    assert "hunter2" not in json.dumps(worker.events())
    assert len(away) == 1


async def test_a_result_is_not_lost_while_redis_restarts(start, server, submit):
    worker = await start("waits", lease_s=10).running()
    task = await submit("waits", seconds=0.5)
    await submit.started()

    server.kill()
    await eventually(lambda: "end 1" in submit.lines(), 5)
    server.restart()
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == 1
    assert len(worker.events("redis_away")) <= 1  # none if the connection was back within a turn


async def test_a_worker_that_cannot_renew_stops_its_own_tasks(start, server, submit):
    worker = await start("waits").running()
    await submit("waits", seconds=60)
    await submit.started()

    server.freeze()
    try:
        lost = await eventually(lambda: worker.events("lease_lost"), 5)
    finally:
        server.thaw()

    assert lost[0]["during"] == "renewal"
    await submit.started(2)
