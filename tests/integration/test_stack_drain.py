"""The local stack's scale-down asks the queue who is idle, whatever the workers last reported."""

import io
import json
from pathlib import Path

import yaml

from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_cli.settings import inherited_environment
from asynctaskflow_cli.stack.manifests import load
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.stack import Plan, running
from asynctaskflow_testkit.waiting import eventually

MANIFEST = {
    "apiVersion": "asynctaskflow.dev/v1alpha1",
    "kind": "Function",
    "metadata": {"name": "sleep"},
    "spec": {
        "handler": "asynctaskflow_testkit.handlers:sleep",
        "concurrency": {"slotsPerWorker": 1},
        "timeouts": {"leaseSeconds": 2, "graceSeconds": 0.1},
        "scaling": {"minReplicas": 2, "maxReplicas": 2},
    },
}


async def test_a_victim_that_has_claimed_since_its_report_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "function.yaml"
    file.write_text(yaml.safe_dump(MANIFEST))
    plan = Plan(
        manifests=load([file], shipped=False),
        data_dir=tmp_path / "data",
        env=inherited_environment(),
        with_api=False,
        grace_s=5,
    )
    async with running(plan, Console(stream=io.StringIO())) as stack:

        async def reported() -> bool:
            return len(await stack.queue.workers("sleep")) == 2

        await eventually(reported, 20)
        task = await stack.queue.enqueue(NewTask("sleep", json.dumps({"seconds": 3}).encode()))

        async def is_in(state: TaskState = TaskState.ACTIVE) -> bool:
            return (await stack.queue.get(task.id)).state is state

        await eventually(is_in, 10)
        managed = stack.supervisor.managed["sleep"]
        members = managed.fleet.members
        everybody = frozenset(member.child.pid for member in members)

        assert await stack.supervisor._drain(managed, everybody)

        holder = (await stack.queue.get(task.id)).worker
        assert {m.worker_id for m in members if not m.draining} == {holder}
        await eventually(lambda: is_in(TaskState.COMPLETED), 15)
        assert (await stack.queue.get(task.id)).attempt == 1
