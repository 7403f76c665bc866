"""SIGTERM: no more claims at once, what fits the grace period is finished, the rest handed back."""

import signal

from asynctaskflow.model.task import TaskState
from asynctaskflow_testkit.waiting import eventually


async def test_sigterm_finishes_short_tasks_and_hands_back_long_ones(start, submit):
    worker = await start("waits").running()
    short = await submit("waits", seconds=0.5)
    long = await submit("waits", seconds=60)
    await submit.started(2)

    worker.signal(signal.SIGTERM)
    code = await worker.exit_code(within_s=1 + 1)

    assert code == 0
    assert (await submit.task(short)).state is TaskState.COMPLETED
    back = await submit.task(long)
    assert (back.state, back.attempt, back.deliveries) == (TaskState.PENDING, 0, 0)


async def test_a_stopping_worker_claims_nothing_more(start, queue, submit):
    worker = await start("waits", slots=1).running()
    await submit("waits", seconds=0.4)
    await submit.started()

    worker.signal(signal.SIGTERM)
    await eventually(lambda: worker.events("stopping"), 2)
    late = await submit("waits", seconds=0)

    assert await worker.exit_code() == 0
    assert (await submit.task(late)).state is TaskState.PENDING
    assert await queue.queue.workers("waits") == []


async def test_a_second_signal_hands_back_at_once(start, submit):
    worker = await start("waits", grace_s=60).running()
    task = await submit("waits", seconds=60)
    await submit.started()

    worker.signal(signal.SIGTERM)
    await eventually(lambda: worker.events("stopping"), 2)
    worker.signal(signal.SIGTERM)

    assert await worker.exit_code(within_s=2) == 0
    assert (await submit.task(task)).state is TaskState.PENDING


async def test_sigterm_with_a_deaf_thread_still_ends_in_time(start, submit):
    worker = await start("deaf").running()
    task = await submit("deaf", seconds=60)
    await submit.started()

    worker.signal(signal.SIGTERM)

    assert await worker.exit_code(within_s=2.5) == 0
    assert (await submit.task(task)).state is TaskState.PENDING
