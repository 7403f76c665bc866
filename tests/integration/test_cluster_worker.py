"""Real worker and API processes on a Redis Cluster, as a user would point them at it."""

from pathlib import Path

import httpx2

from asynctaskflow.model import keys
from asynctaskflow_testkit.cluster import RedisCluster
from asynctaskflow_testkit.invariants import Evidence, judge
from asynctaskflow_testkit.ledger import Ledger
from asynctaskflow_testkit.processes import Fleet, Process
from asynctaskflow_testkit.queues import open_queue
from asynctaskflow_testkit.snapshot import take_snapshot
from asynctaskflow_testkit.stage import PROFILE, handler
from asynctaskflow_testkit.waiting import eventually

COUNT = 30


async def _answers(http: httpx2.AsyncClient, process: Process) -> bool:
    assert process.alive, process.log()[-2000:]
    try:
        return (await http.get(f"{process.base_url}/ready")).status_code == 200
    except httpx2.TransportError:
        return False


async def test_an_api_and_a_worker_process_do_their_work_on_a_cluster(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    env = {**PROFILE, "ATF_REDIS_URL": cluster.url, "TESTKIT_LEDGER": str(ledger.path)}
    with Fleet(tmp_path, env=env) as fleet:
        worker = fleet.start_worker(handler("echo"), "w0")
        api = fleet.start_api()
        async with httpx2.AsyncClient(timeout=5) as http, open_queue(cluster.url) as q:
            for process in (worker, api):
                await eventually(lambda process=process: _answers(http, process), 20)  # type: ignore[misc]
            for number in range(COUNT):
                answer = await http.post(
                    f"{api.base_url}/api/v1/functions/echo/tasks", json={"text": str(number)}
                )
                assert answer.status_code == 202, answer.text
                ledger.submitted(answer.json()["task_id"])

            async def all_done() -> bool:
                return (await q.queue.depths("echo")).states["COMPLETED"] == COUNT  # type: ignore[index]

            await eventually(all_done, 20, what="all tasks are completed")
    holder = cluster.primary_of(keys.events("echo"))
    judge(Evidence(list(ledger.entries()), take_snapshot(holder.admin, "echo"))).insist()
    ledger.close()
