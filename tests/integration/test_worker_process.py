"""Worker processes as a supervisor sees them: real processes, signals and servers, a ledger outside Redis."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from asynctaskflow.blobs.function_blobs import FunctionBlobs
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec
from asynctaskflow.model.function import FunctionSpec
from asynctaskflow.model.task import Task, TaskId, TaskState
from asynctaskflow.taskqueue.messages import NewTask
from asynctaskflow_testkit.lifetime import end, spawn
from asynctaskflow_testkit.queues import QueueUnderTest, open_queue
from asynctaskflow_testkit.servers import RedisServer, start_server
from asynctaskflow_testkit.settings import environment
from asynctaskflow_testkit.waiting import eventually

HERE = Path(__file__).parent
FAST = {
    "ATF_LEASE_S": "1.2",
    "ATF_REAPER_TICK_S": "0.2",
    "ATF_UNWIND_S": "0.3",
    "ATF_GRACE_S": "1",
    "ATF_BACKOFF_BASE_S": "0.05",
    "ATF_BACKOFF_CAP_S": "0.1",
    "ATF_RECONNECT_CAP_S": "0.3",
    "ATF_LOG_FORMAT": "json",
}


class Worker:
    """An ``atf-worker`` process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def events(self, name: str = "") -> list[dict]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if name in ("", event["event"])]

    def probe(self, path: str) -> tuple[int, str]:
        port = self.events("probes_listening")[0]["port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        _, text = self.probe("/metrics")
        found = [line for line in text.splitlines() if line.startswith(f"atf_{name}{{")]
        return float(found[0].rpartition(" ")[2])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def code(self) -> int | None:
        return self.process.poll()

    async def running(self) -> "Worker":
        await eventually(lambda: self.events("worker_running") or self.code is not None, 15)
        assert self.code is None, self._log.read_text()
        return self

    async def exit_code(self, within_s: float = 10) -> int:
        await eventually(lambda: self.code is not None, within_s, what="worker ended")
        assert self.code is not None
        return self.code


Start = Callable[..., Worker]


@pytest.fixture(scope="module")
def _server() -> Iterator[RedisServer]:
    with start_server() as started:
        yield started


@pytest.fixture
def server(_server: RedisServer) -> RedisServer:
    """One kind of server is enough here: the queue's own tests run on all of them."""
    if not _server.alive:
        _server.restart()
    _server.command("FLUSHALL")
    return _server


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def start(server: RedisServer, tmp_path: Path) -> Iterator[Start]:
    workers: list[Worker] = []

    def start_one(function: str, *, manifest: Path | None = None, **settings: object) -> Worker:
        extra = {f"ATF_{name.upper()}": str(value) for name, value in settings.items()}
        env = {**environment(), "ATF_REDIS_URL": server.url, **FAST, **extra}
        command = [sys.executable, "-m", "asynctaskflow.worker.main", f"worker_handlers:{function}"]
        if manifest is not None:
            command += ["--manifest", str(manifest)]
        log = tmp_path / f"worker-{len(workers)}.log"
        workers.append(Worker(spawn(command, log=log, env=env, cwd=HERE), log))
        return workers[-1]

    yield start_one
    for worker in workers:
        end(worker.process)


@pytest.fixture
async def queue(server: RedisServer) -> AsyncIterator[QueueUnderTest]:
    async with open_queue(server.url) as opened:
        yield opened


class Submit:
    """Enqueues and reads back."""

    def __init__(self, queue: QueueUnderTest, ledger: Path) -> None:
        self._queue = queue.queue
        self._ledger = ledger

    async def __call__(self, function: str, **given: object) -> TaskId:
        payload = json.dumps({"ledger": str(self._ledger), **given}).encode()
        return (await self._queue.enqueue(NewTask(function, payload))).id

    def lines(self) -> list[str]:
        text = self._ledger.read_text() if self._ledger.exists() else ""
        return [line.partition(" ")[2] for line in text.splitlines()]

    def pids(self) -> set[int]:
        return {int(line.split()[0]) for line in self._ledger.read_text().splitlines()}

    async def task(self, task_id: TaskId) -> Task:
        return await self._queue.get(task_id)

    async def reaches(self, task_id: TaskId, state: TaskState, within_s: float = 15) -> Task:
        async def there() -> Task | None:
            task = await self._queue.get(task_id)
            assert task.state is state, task
            return task

        found = await eventually(there, within_s, what=f"{task_id} {state}")
        assert found is not None
        return found

    async def result(self, task_id: TaskId) -> dict:
        return json.loads(await self._queue.result(task_id))

    async def started(self, times: int = 1) -> None:
        await eventually(
            lambda: sum(line.startswith("start") for line in self.lines()) >= times, 15
        )


@pytest.fixture
def submit(queue: QueueUnderTest, ledger: Path) -> Submit:
    return Submit(queue, ledger)


async def test_a_task_is_run_and_its_result_stored(start: Start, submit: Submit):
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


@pytest.fixture
async def pair(start, submit) -> tuple[Worker, Worker, TaskId]:
    """(the worker that runs the task, an idle one, the task of one second)."""
    one, other = start("waits"), start("waits")
    await one.running()
    await other.running()
    task = await submit("waits", seconds=1.5)
    await submit.started()
    holder, idle = (one, other) if one.process.pid in submit.pids() else (other, one)
    return holder, idle, task


async def test_a_killed_workers_task_is_run_again_within_lease_and_tick(pair, submit):
    holder, idle, task = pair

    holder.signal(signal.SIGKILL)
    done = await submit.reaches(task, TaskState.COMPLETED)

    restarted_ms = done.started_ms - done.history[-1].at_ms
    assert done.attempt == 2
    assert (await submit.result(task))["pid"] == idle.process.pid
    assert restarted_ms < 500
    assert idle.metric("leases_expired_total") == 1


async def test_a_frozen_workers_late_result_is_refused_and_counted(pair, submit):
    holder, idle, task = pair

    holder.signal(signal.SIGSTOP)
    done = await submit.reaches(task, TaskState.COMPLETED)
    holder.signal(signal.SIGCONT)
    await eventually(lambda: holder.events("lease_lost"), 10)

    assert (await submit.result(task))["pid"] == idle.process.pid
    assert (await submit.task(task)).updated_ms == done.updated_ms


async def test_a_handler_that_spins_for_three_leases_keeps_its_lease(start, submit):
    await start("spins").running()
    task = await submit("spins", seconds=3.6)
    await submit.started()
    await start("spins").running()

    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == 1
    assert submit.lines() == ["start 1"]


async def test_probes_answer_while_a_handler_blocks_the_loop(start, submit):
    worker = await start("spins").running()
    await submit("spins", seconds=2)
    await submit.started()

    live, ready = worker.probe("/live"), worker.probe("/ready")

    assert (live[0], ready[0]) == (200, 200)
    assert worker.metric("worker_active_tasks") == 1


async def test_a_handler_over_its_time_is_interrupted(start, submit):
    start("waits", attempt_timeout_s=0.5, max_attempts=2)

    task = await submit("waits", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert (dead.error_class, dead.attempt) == ("timeout", 2)


async def test_a_thread_over_its_time_is_told_and_may_stop(start, submit):
    worker = start("blocks", attempt_timeout_s=0.5, max_attempts=1)

    task = await submit("blocks", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    await eventually(lambda: "cancelled True" in submit.lines(), 5)
    assert worker.code is None


async def test_a_thread_that_does_not_stop_costs_the_worker_a_restart(start, submit):
    worker = start("deaf", attempt_timeout_s=0.3, max_attempts=1)

    task = await submit("deaf", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    assert await worker.exit_code() == 75


async def test_a_coroutine_that_ignores_cancellation_costs_the_worker_a_restart(start, submit):
    worker = start("stubborn", attempt_timeout_s=0.3, max_attempts=1)

    task = await submit("stubborn", seconds=60)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "timeout"
    assert await worker.exit_code() == 75


async def test_a_handler_that_blocks_the_loop_past_its_time_ends_the_process(start, submit):
    worker = await start("spins", slots=2, attempt_timeout_s=0.5, max_deliveries=1).running()
    task = await submit("spins", seconds=60)
    await submit.started()

    assert await worker.exit_code() == 70
    start("echo")
    start("spins", max_deliveries=1)
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "worker_lost"


async def test_a_poison_pill_takes_down_no_more_than_max_deliveries_workers(start, submit):
    poison = await submit("dies", poison=True)
    good = [await submit("dies") for _ in range(20)]

    for _ in range(3):
        start("dies", max_deliveries=2)
    dead = await submit.reaches(poison, TaskState.DLQ)

    assert dead.error_class == "worker_lost"
    assert submit.lines() == ["start 1", "start 2"]
    for task in good:
        await submit.reaches(task, TaskState.COMPLETED)


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


async def test_a_cancelled_running_task_is_stopped(start, queue, submit):
    worker = await start("waits").running()
    task = await submit("waits", seconds=60)
    await submit.started()

    await queue.queue.cancel(task)
    await eventually(lambda: worker.events("lease_lost"), 3)

    assert (await submit.task(task)).state is TaskState.CANCELLED
    await eventually(lambda: worker.metric("worker_active_tasks") == 0, 3)


async def test_a_child_that_crashes_costs_an_attempt_and_not_the_worker(start, submit):
    worker = start("crashes", isolation="process", max_attempts=2)

    poison = await submit("crashes", poison=True)
    dead = await submit.reaches(poison, TaskState.DLQ)
    good = await submit("crashes")
    await submit.reaches(good, TaskState.COMPLETED)

    assert (dead.error_class, dead.attempt) == ("child_died", 2)
    assert "exit code 7" in dead.error
    assert (await submit.result(good))["pid"] != worker.process.pid


async def test_a_child_over_its_time_is_killed_with_all_that_it_started(start, submit):
    start("forks", isolation="process", attempt_timeout_s=5, max_attempts=1)

    task = await submit("forks")
    dead = await submit.reaches(task, TaskState.DLQ)

    grandchild = int(submit.lines()[0].split()[1])
    assert dead.error_class == "timeout"
    await eventually(lambda: not _runs(grandchild), 3)


async def test_a_child_reports_progress_and_model_results(start, submit):
    start("greets", isolation="process")

    task = await submit("greets", name="Eve")
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert await submit.result(task) == {"text": "Hello Eve! "}
    assert (done.progress, done.note) == (0.5, "half")


async def test_children_do_not_outlive_a_killed_worker(start, submit):
    worker = await start("deaf", isolation="process").running()
    await submit("deaf", seconds=60)
    await submit.started()
    children = psutil.Process(worker.process.pid).children()

    worker.signal(signal.SIGKILL)

    assert children
    await eventually(lambda: not any(_runs(child.pid) for child in children), 3)


async def test_progress_is_thinned_out_and_the_last_report_arrives(start, queue, submit):
    start("reports")

    task = await submit("reports", steps=400, seconds=0.6)
    await eventually(lambda: _noted(submit, task, "step 399"), 10)
    events = await queue.queue.events({"reports": "0"}, block_ms=10, limit=1000)

    assert sum(event.kind == "progress" for event in events) <= 4


async def test_a_large_result_is_stored_by_reference_and_can_be_read(start, queue, submit):
    start("enlarges", max_inline_result_bytes=1000)

    task = await submit("enlarges", size_bytes=5000)
    done = await submit.reaches(task, TaskState.COMPLETED)
    reader = await submit("enlarges", ref=done.result_ref)
    await submit.reaches(reader, TaskState.COMPLETED)

    assert done.result_ref.startswith("redis:enlarges/")
    assert await queue.queue.result(task) == b""
    assert await submit.result(reader) == {"read": 5002}


async def test_an_input_by_reference_is_fetched(start, queue, submit):
    start("enlarges")
    blobs = FunctionBlobs(RedisBlobs(queue.client), "enlarges", max_bytes=1000)
    ref = await blobs.put(b'{"size_bytes": 3}', name="input")

    new = NewTask("enlarges", b"", input_ref=ref)
    task = (await queue.queue.enqueue(new)).id
    await submit.reaches(task, TaskState.COMPLETED)

    assert await queue.queue.result(task) == b'"xxx"'


async def test_a_lost_blob_is_dead_lettered(start, queue, submit):
    start("enlarges")

    new = NewTask("enlarges", b"", input_ref="redis:enlarges/gone")
    task = (await queue.queue.enqueue(new)).id
    dead = await submit.reaches(task, TaskState.DLQ)

    assert dead.error_class == "blob_not_found"


@pytest.mark.parametrize(
    ("function", "isolation"),
    [("calls", "auto"), ("calls-sync", "auto"), ("calls-sync", "process")],
)
async def test_a_declared_dependency_can_be_called(start, submit, function, isolation):
    start(function.replace("-", "_"), isolation=isolation)

    task = await submit(function)
    await submit.reaches(task, TaskState.COMPLETED)

    assert await submit.result(task) == "answer"


async def test_an_open_breaker_pauses_claims_and_burns_no_attempt(start, queue, submit):
    policy = BreakerPolicy(min_calls=2, open_seconds=1.5, window_seconds=30)
    await RedisDependencies(queue.client).register("upstream", DependencySpec(breaker=policy))
    start("calls", slots=1, max_attempts=50)
    broken = [await submit("calls", broken=True) for _ in range(2)]
    await submit.started(2)

    waiting = [await submit("calls") for _ in range(3)]
    done = [await submit.reaches(task, TaskState.COMPLETED) for task in waiting]

    assert [task.attempt for task in done] == [1, 1, 1]
    assert broken


async def test_a_worker_recycles_after_its_number_of_tasks(start, submit):
    worker = start("echo", max_tasks=3)
    tasks = [await submit("echo") for _ in range(5)]

    assert await worker.exit_code(within_s=15) == 75
    states = [(await submit.task(task)).state for task in tasks]

    assert states.count(TaskState.COMPLETED) == 3
    assert states.count(TaskState.PENDING) == 2


@pytest.mark.parametrize(
    ("point", "attempt"), [("after_claim", 2), ("before_settle", 2), ("after_settle", 1)]
)
async def test_a_crash_at_any_line_loses_nothing(start, submit, point, attempt):
    worker = start("echo", faultpoint=f"{point}=exit")
    task = await submit("echo")

    assert await worker.exit_code(within_s=15) == 139
    start("echo")
    done = await submit.reaches(task, TaskState.COMPLETED)

    assert done.attempt == attempt


async def test_the_manifest_counts_and_the_environment_wins(start, queue, submit, tmp_path):
    manifest = tmp_path / "function.yaml"
    manifest.write_text(
        "apiVersion: asynctaskflow.dev/v1alpha1\nkind: Function\nmetadata: {name: echo}\n"
        "spec: {handler: 'worker_handlers:echo', concurrency: {slotsPerWorker: 7}}\n"
    )
    worker = await start("echo", manifest=manifest).running()
    other = await start("echo", manifest=manifest, slots=2).running()

    assert worker.events("worker_running")[0]["slots"] == 7
    assert other.events("worker_running")[0]["slots"] == 2
    assert (await queue.queue.spec("echo")).concurrency.slots_per_worker == 7


async def test_the_registered_spec_is_kept_and_completed_with_schemas(start, queue):
    spec = FunctionSpec(handler="worker_handlers:greets", description="says hello")
    await queue.queue.register("greets", spec)

    await start("greets").running()
    registered = await queue.queue.spec("greets")

    assert registered.description == "says hello"
    assert set(registered.input_schema["properties"]) == {"name", "times"}


async def test_a_worker_tells_redis_what_it_does(start, queue, submit):
    worker = await start("waits", slots=3, pod="pod-1").running()
    await submit("waits", seconds=60)
    await submit.started()

    async def told():
        infos = await queue.queue.workers("waits")
        assert [info.active for info in infos] == [1]
        return infos[0]

    info = await eventually(told, 5)

    assert (info.state, info.slots, info.pid, info.pod) == (
        "running",
        3,
        worker.process.pid,
        "pod-1",
    )


def test_describe_prints_the_function_as_json():
    command = [sys.executable, "-m", "asynctaskflow.worker.main", "worker_handlers:greets"]
    told = subprocess.run([*command, "--describe"], cwd=HERE, capture_output=True, check=True)

    described = json.loads(told.stdout)

    assert described["name"] == "greets"
    assert described["inputSchema"]["required"] == ["name"]


@pytest.mark.parametrize(
    ("handler", "env", "told"),
    [
        ("worker_handlers:nothing", {}, "not decorated with @function"),
        ("no_such_module:f", {}, "cannot import 'no_such_module'"),
        ("nonsense", {}, "expected module:function"),
        ("worker_handlers:echo", {"ATF_SLOTS": "0"}, "ATF_SLOTS: Input should be greater"),
        ("worker_handlers:echo", {"ATF_MANIFEST": "missing.yaml"}, "missing.yaml: No such file"),
    ],
)
def test_a_start_that_cannot_work_says_why_in_one_line(handler, env, told):
    done = subprocess.run(
        [sys.executable, "-m", "asynctaskflow.worker.main", handler],
        cwd=HERE,
        env={**environment(), **env},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def _noted(submit: Submit, task: TaskId, note: str) -> bool:
    return (await submit.task(task)).note == note
