"""What people and probes see of a worker: logs, metrics, probes, rehearsals."""

import io
import json
import logging
import urllib.error
import urllib.request

import pytest
import structlog
from prometheus_client import CollectorRegistry

from asynctaskflow import Context, Permanent, SyncContext, function, logs, rehearse
from asynctaskflow.metrics import WorkerMetrics
from asynctaskflow.worker.probes import Probes, ProbeServer, Verdict


@pytest.fixture
def lines(monkeypatch):
    sink = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers, root.level)
    logs.configure(level="debug", style="json", stream=sink)
    yield lambda: [json.loads(line) for line in sink.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers, root.level = before


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r\nb", "\x1b[31mred", "\x00", "\x7f", "\x9b31m", "a\u2028b", "x\u202etxt.exe"],
)
def test_an_event_is_one_line_without_control_characters(lines, capsys, text):
    logs.get_logger().info("seen", text=text, nested={"inside": [text]})

    (event,) = lines()
    shown = event["text"] + event["nested"]["inside"][0]

    assert not logs.CONTROL.search(shown)


def test_a_lone_surrogate_does_not_break_the_log(lines):
    logs.get_logger().info("seen", text="\udc80")

    assert lines()[0]["event"] == "seen"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("error", "cannot connect to redis://:s3cret@server:6379/0"),
        ("error", "rediss://user:s3cret@server"),
        ("header", "Authorization: Bearer s3cret-s3cret"),
        ("password", "s3cret"),
        ("api_key", "s3cret"),
        ("note", "sk-or-v1-s3crets3crets3cret"),
        ("nested", {"token": "s3cret"}),
    ],
)
def test_secrets_are_blanked(lines, name, value):
    logs.get_logger().info("seen", **{name: value})

    assert "s3cret" not in json.dumps(lines())


def test_a_long_text_is_cut(lines):
    logs.get_logger().info("seen", text="x" * 100_000)

    assert len(lines()[0]["text"]) < 5000


def test_libraries_that_use_standard_logging_are_heard_in_the_same_form(lines):
    logging.getLogger("library").warning("careful with %s", "redis://:s3cret@server")

    (event,) = lines()

    assert event["event"] == "careful with redis://:***@server"
    assert event["level"] == "warning"


def test_an_exception_is_one_line_too(lines):
    try:
        int("redis://:s3cret@server")
    except ValueError:
        logs.get_logger().exception("failed")

    (event,) = lines()

    assert "ValueError" in event["exception"]
    assert "s3cret" not in event["exception"]


def test_the_counters_of_the_contract_are_exposed_with_their_function():
    metrics = WorkerMetrics("f", CollectorRegistry())
    metrics.stale_writes.inc()

    text = metrics.exposition().decode()

    assert 'atf_stale_writes_rejected_total{function="f"} 1.0' in text
    for name in ("claimed", "completed", "failed", "dead"):
        assert f'atf_tasks_{name}_total{{function="f"}}' in text
    assert 'atf_leases_expired_total{function="f"}' in text


@pytest.fixture
def probes():
    state = {"live": True, "ready": False}
    answers = Probes(
        live=lambda: Verdict(state["live"], "moving"),
        ready=lambda: Verdict(state["ready"], "draining"),
        metrics=lambda: b"atf_x 1\n",
    )
    server = ProbeServer(answers, host="127.0.0.1", port=0)
    yield f"http://127.0.0.1:{server.port}", state
    server.close()


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_probes_answer_with_a_status_and_a_reason(probes):
    base, state = probes

    assert fetch(f"{base}/live") == (200, "moving\n")
    assert fetch(f"{base}/readyz?verbose") == (503, "draining\n")
    assert fetch(f"{base}/metrics") == (200, "atf_x 1\n")
    assert fetch(f"{base}/other")[0] == 404
    state["live"] = False
    assert fetch(f"{base}/healthz")[0] == 503


@function(name="counts", dependencies=["upstream"])
async def counts(task, ctx: Context):
    for step in range(task["to"]):
        await ctx.progress(step / task["to"], f"step {step}")

    async def call():
        return "called"

    return await ctx.dependency("upstream").call(call)


@function(name="counts-sync", dependencies=["upstream"])
def counts_sync(task, ctx: SyncContext):
    ctx.progress(1.0, "all")
    return ctx.dependency("upstream").call(lambda: "called")


async def test_a_function_can_be_rehearsed_without_redis():
    rehearsal = await rehearse(counts, {"to": 2})

    assert rehearsal.result == "called"
    assert rehearsal.progress == [(0.0, "step 0"), (0.5, "step 1")]


async def test_a_plain_function_can_be_rehearsed_too():
    rehearsal = await rehearse(counts_sync, {})

    assert rehearsal.result == "called"
    assert rehearsal.progress == [(1.0, "all")]


async def test_a_rehearsal_refuses_what_a_worker_would():
    @function(name="asks")
    async def asks(task, ctx):
        ctx.dependency("undeclared")

    with pytest.raises(Permanent, match="not declared"):
        await rehearse(asks, {})
