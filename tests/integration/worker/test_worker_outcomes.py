"""What becomes of a task that a worker runs: result, refusal, retry, hand-back, progress."""

import pytest

from asynctaskflow.model.task import TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.waiting import eventually
from asynctaskflow_testkit.worker_process import StartWorker, Submitter


async def test_a_task_is_run_and_its_result_stored(start: StartWorker, submit: Submitter):
    start("greets")

    task = await submit("greets", name="Ada", times=2)
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert await submit.result(task) == {"text": "Hello Ada! Hello Ada! "}
    assert (done.attempt, done.progress, done.note) == (1, 0.5, "half")


async def test_an_input_that_the_model_refuses_ends_failed_and_names_the_field(start, submit):
    start("greets")

    task = await submit("greets", times="many")
    failed = await submit.reaches(task, TaskState.FAILED)

    assert failed.error_class == "input_rejected"
    assert "name: Field required" in failed.error
    assert "times: Input should be a valid integer" in failed.error


async def test_an_input_that_is_not_json_is_dead_lettered_as_corrupt(start, queue, submit):
    start("greets")

    accepted = await queue.queue.enqueue(NewTask("greets", b'{"name": '))
    dead = await submit.reaches(accepted.id, TaskState.DLQ)

    assert dead.error_class == "corrupt"


@pytest.mark.parametrize(
    ("kind", "error_class", "attempts"),
    [("permanent", "permanent", 1), ("retryable", "flaky", 3), ("bug", "key_error", 3)],
)
async def test_errors_are_retried_or_not_as_they_say(start, submit, kind, error_class, attempts):
    start("fails", max_attempts=3)

    task = await submit("fails", kind=kind)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert (dead.error_class, dead.attempt) == (error_class, attempts)


async def test_not_now_burns_no_attempt_and_pauses_claims(start, submit):
    worker = start("fails")

    task = await submit("fails", kind="not_now")
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert (done.attempt, done.failures) == (1, 0)
    assert done.finished_ms - done.created_ms >= 300
    assert worker.metric("tasks_handed_back_total") == 1


async def test_a_cancelled_running_task_is_stopped(start, queue, submit):
    worker = await start("waits").running()
    task = await submit("waits", seconds=60)
    await submit.started()

    await queue.queue.cancel(task)
    await eventually(lambda: worker.events("lease_lost"), 3)

    assert (await submit.task(task)).state is TaskState.CANCELLED
    await eventually(lambda: worker.metric("worker_active_tasks") == 0, 3)


async def test_progress_is_thinned_out_and_the_last_report_arrives(start, queue, submit):
    start("reports")

    task = await submit("reports", steps=400, seconds=0.6)
    await eventually(lambda: _noted(submit, task, "step 399"), 10)
    events = await queue.queue.events({"reports": "0"}, block_ms=10, limit=1000)

    assert sum(event.kind == "progress" for event in events) <= 4


async def _noted(submit: Submitter, task: TaskId, note: str) -> bool:
    return (await submit.task(task)).note == note
