"""Each law is seen to fail on a history that breaks it, and on no other."""

import json
from dataclasses import replace

import pytest

from asynctaskflow.taskqueue.records import checksum
from asynctaskflow_testkit.bounds import insist_on_limit, insist_on_probes, worst_excess
from asynctaskflow_testkit.invariants import Evidence, is_same, judge
from asynctaskflow_testkit.ledger import Entry, Fault, Ran, Submitted
from asynctaskflow_testkit.snapshot import Snapshot, StoredEvent, StoredTask

UUID = "0190aaaa-0000-7000-8000-000000000001"
ID = f"echo-{UUID}"
RESULT = json.dumps({"worker": "w1", "attempt": 1})


def _task(state: str = "COMPLETED", result: str | None = RESULT, **changed: str) -> StoredTask:
    fields = {"state": state, "worker": "w1", "attempt": "1", "deliveries": "0"}
    if result is not None:
        fields["result_sha256"] = checksum(result.encode())
    history = changed.pop("history", "")
    rows = tuple({"event": event, "worker": "w1"} for event in history.split())
    return StoredTask(state, fields | changed, result, rows)


def _snapshot(task: StoredTask | None, **changed: object) -> Snapshot:
    """What Redis holds after one task that ran once."""
    place = {task.state: frozenset({UUID})} if task else {}
    events = (
        StoredEvent(UUID, "enqueued", "", "PENDING"),
        StoredEvent(UUID, "claimed", "PENDING", "ACTIVE", 1, "w1"),
        StoredEvent(UUID, "completed", "ACTIVE", "COMPLETED", 1, "w1"),
    )
    sound = Snapshot(
        function="echo",
        tasks={UUID: task} if task else {},
        indexes=place,
        all_index=frozenset({UUID} if task else ()),
        events=events,
    )
    return replace(sound, **changed)  # type: ignore[arg-type]


def _run(worker: str = "w1", attempt: int = 1) -> list[Entry]:
    return [Ran(1, ID, attempt, worker, "start"), Ran(2, ID, attempt, worker, "end")]


def _evidence(
    snapshot: Snapshot | None = None, entries: list[Entry] | None = None, **changed: object
) -> Evidence:
    ledger = [Submitted(0, ID), *(_run() if entries is None else entries)]
    return Evidence(ledger, snapshot or _snapshot(_task()), **changed)  # type: ignore[arg-type]


SOUND = _snapshot(_task())
DEAD = frozenset(f"DLQ:{name}:{1:014d}:{UUID}" for name in ("x", "x/ab"))


def _events(*kinds: tuple[str, str, str]) -> tuple[StoredEvent, ...]:
    return tuple(StoredEvent(UUID, kind, "", new, 1, worker) for kind, new, worker in kinds)


def test_a_sound_history_breaks_no_law() -> None:
    report = judge(_evidence()).insist()
    assert (report.accepted, report.executions, report.duplicates) == (1, 1, 0)


BROKEN: dict[str, tuple[set[str], Evidence]] = {
    "an accepted task that Redis does not know is lost": ({"I1"}, _evidence(_snapshot(None))),
    "an accepted task that was deleted before its end is lost": (
        {"I1"},
        _evidence(_snapshot(None, events=(StoredEvent(UUID, "deleted", "PENDING", ""),))),
    ),
    "an accepted task that still runs is stuck": (
        {"I1"},
        _evidence(_snapshot(_task("ACTIVE", None), events=())),
    ),
    "two completions": (
        {"I2", "I4"},
        _evidence(replace(SOUND, events=(*SOUND.events, SOUND.events[-1]))),
    ),
    "a completion without an execution": ({"I2"}, _evidence(entries=[])),
    "a completion by an execution that started and never ended": (
        {"I2"},
        _evidence(entries=_run()[:1]),
    ),
    "a result written by another execution than the accepted one": (
        {"I2"},
        _evidence(_snapshot(_task(result=json.dumps({"worker": "zombie", "attempt": 1})))),
    ),
    "a result that differs from its checksum": (
        {"I2"},
        _evidence(_snapshot(_task(result_sha256="0" * 43))),
    ),
    "a second execution that nothing explains": ({"I3"}, _evidence(entries=[*_run(), *_run()])),
    "a lease that expired although nobody harmed its worker": (
        {"I3"},
        _evidence(_snapshot(_task(history="lease_expired")), entries=[*_run(), *_run()]),
    ),
    "an event after a terminal state": (
        {"I4"},
        _evidence(
            replace(
                SOUND,
                events=(*SOUND.events, *_events(("lease_expired", "PENDING", "w1"))),
            )
        ),
    ),
    "a result that changed after the end": (
        {"I4"},
        _evidence(earlier=_snapshot(_task(result='{"other": 1}'))),
    ),
    "a terminal state that changed without a redrive": (
        {"I4"},
        _evidence(earlier=_snapshot(_task("CANCELLED"))),
    ),
    "more deliveries than allowed": ({"I5"}, _evidence(_snapshot(_task(deliveries="4")))),
    "more crashes in a row than allowed": (
        {"I5"},
        _evidence(
            _snapshot(_task(history="lease_expired " * 4)), entries=[*_run(), Fault(0, "kill")]
        ),
    ),
    "two entries into the DLQ": (
        {"I5", "I4"},
        _evidence(
            _snapshot(
                _task("DLQ", None, error_class="x", updated="1", fingerprint="ab"),
                errors=DEAD,
                events=_events(("failed", "DLQ", "w1"), ("failed", "DLQ", "w1")),
            )
        ),
    ),
    "a task in two state indexes": (
        {"I6"},
        _evidence(
            _snapshot(
                _task(), indexes={"COMPLETED": frozenset({UUID}), "ACTIVE": frozenset({UUID})}
            )
        ),
    ),
    "a task in no state index": ({"I6"}, _evidence(_snapshot(_task(), indexes={}))),
    "a task missing in the index of all": (
        {"I6"},
        _evidence(_snapshot(_task(), all_index=frozenset())),
    ),
    "an index entry without a task": (
        {"I6"},
        _evidence(_snapshot(_task(), all_index=frozenset({UUID, "another"}))),
    ),
    "a queued task that stands in no queue": (
        {"I1", "I6"},
        _evidence(_snapshot(_task("PENDING", None), events=()), entries=[]),
    ),
    "a queued task that stands in two queues": (
        {"I1", "I6"},
        _evidence(_snapshot(_task("PENDING", None), events=(), queued=[UUID, UUID]), entries=[]),
    ),
    "a stored task that nobody submitted": (
        {"I6"},
        Evidence(_run(), SOUND),
    ),
    "a key without an owner": ({"I6"}, _evidence(_snapshot(_task(), stray_keys=("k",)))),
    "a dead-lettered task missing in the error index": (
        {"I6"},
        _evidence(_snapshot(_task("DLQ", None, error_class="x"), events=())),
    ),
    "an error index entry of a task without that error": (
        {"I6"},
        _evidence(_snapshot(_task(), errors=DEAD)),
    ),
    "a dead-lettered task that is missing among those that are alike": (
        {"I6"},
        _evidence(
            _snapshot(
                _task("DLQ", None, error_class="x", updated="1", fingerprint="ab"),
                errors=frozenset({f"DLQ:x:{1:014d}:{UUID}"}),
                events=(),
            )
        ),
    ),
    "a settlement by a worker that lost the task": (
        {"I7"},
        _evidence(
            _snapshot(
                _task(),
                events=_events(
                    ("claimed", "ACTIVE", "w2"),
                    ("completed", "COMPLETED", "w1"),
                ),
            )
        ),
    ),
    "a settlement after the lease expired": (
        {"I7"},
        _evidence(
            _snapshot(
                _task(),
                events=_events(
                    ("claimed", "ACTIVE", "w1"),
                    ("lease_expired", "PENDING", "w1"),
                    ("completed", "COMPLETED", "w1"),
                ),
            )
        ),
    ),
    "a freeze test in which no stale write was refused": ({"I7"}, _evidence(stale_rejected=0)),
    "a lease that nobody took back for two leases": (
        {"I12"},
        _evidence(overdue_ms=[10, 4000]),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_checker_sees(what: str) -> None:
    laws, evidence = BROKEN[what]
    report = judge(evidence)
    assert report.broken == laws, str(report)
    with pytest.raises(AssertionError, match=min(laws)):
        report.insist()


LAWFUL: dict[str, Evidence] = {
    "a second execution after the worker was killed": _evidence(
        _snapshot(_task(history="lease_expired")),
        entries=[*_run(), *_run(), Fault(0, "kill", "w1")],
    ),
    "a second execution after a failure": _evidence(
        _snapshot(_task(history="failed")), entries=[*_run(), *_run()]
    ),
    "a task that the declared durability does not cover": _evidence(
        _snapshot(None), may_be_lost=frozenset({UUID})
    ),
    "a stored task whose submitter got no answer": Evidence(
        [Submitted(0, "", "key", 503), *_run()], SOUND
    ),
    "a finished task that was deleted": _evidence(
        _snapshot(None, events=(StoredEvent(UUID, "deleted", "COMPLETED", ""),))
    ),
    "a redriven task": _evidence(
        _snapshot(_task(redrives="1")), earlier=_snapshot(_task("DLQ", None, redrives="0"))
    ),
}


@pytest.mark.parametrize("what", LAWFUL)
def test_the_checker_accepts(what: str) -> None:
    judge(LAWFUL[what]).insist()


def test_a_worker_that_made_its_own_id_is_known_by_its_process() -> None:
    assert is_same("host-42-ab12cd", "pid:42")
    assert is_same("w1", "w1")
    assert not is_same("host-420-ab12cd", "pid:42")
    assert not is_same("w1", "w2")


def test_the_report_names_law_task_and_reason() -> None:
    text = str(judge(_evidence(_snapshot(None))))
    assert "I1  lost: accepted, and Redis does not know it" in text
    assert UUID in text


def test_a_window_over_the_bucket_is_found_wherever_it_begins() -> None:
    quiet = [10.0 * number for number in range(50)]
    burst = [200.0 + 0.001 * number for number in range(6)]
    assert worst_excess([*quiet, *burst], capacity=5, rate_per_s=1) == pytest.approx(
        2 - 0.005, abs=1e-6
    )
    with pytest.raises(AssertionError, match="I9"):
        insist_on_limit([*quiet, *burst], capacity=5, rate_per_s=1)


def test_a_full_bucket_and_its_refill_are_within_the_limit() -> None:
    calls = [0.0] * 5 + [float(second) for second in range(1, 20)]
    insist_on_limit(calls, capacity=5, rate_per_s=1)


def test_late_logging_is_allowed_for() -> None:
    insist_on_limit([0.0] * 6, capacity=5, rate_per_s=1, delay_s=1)


@pytest.mark.parametrize("probes", [[1, 2], [1, 0]])
def test_too_many_or_no_probes_in_an_epoch_are_found(probes: list[int]) -> None:
    insist_on_probes([1, 1, 1], allowed=1)
    with pytest.raises(AssertionError, match="I10"):
        insist_on_probes(probes, allowed=1)
