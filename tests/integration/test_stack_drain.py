"""The local stack's scale-down asks the queue who is idle, whatever the workers last reported."""

import json
from pathlib import Path

from asynctaskflow.model.task import TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.local_stack import stack_of
from asynctaskflow_testkit.waiting import eventually

SPEC = {
    "handler": "asynctaskflow_testkit.handlers:sleep",
    "concurrency": {"slotsPerWorker": 1},
    "timeouts": {"leaseSeconds": 2, "graceSeconds": 0.1},
    "scaling": {"minReplicas": 2, "maxReplicas": 2},
}


async def test_a_victim_that_has_claimed_since_its_report_is_left_alone(tmp_path: Path) -> None:
    async with stack_of("sleep", SPEC, folder=tmp_path) as stack:

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
