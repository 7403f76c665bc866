"""The law book: what must hold after any run, whatever was broken in it. Pure: judges evidence, reads nothing.

The evidence is the ledger (outside Redis) and snapshots of Redis taken when nothing runs any more.
I1 nothing lost or stuck; I2 one accepted result, of the accepted lease; I3 no execution that nobody asked for;
I4 terminal is absorbing; I5 bounded deliveries; I6 conservation; I7 stale writes are refused; I12 overdue
leases are noticed. The limiter's and the breaker's laws (I9, I10) are in ``bounds``.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from asynctaskflow.model.task import TERMINAL, TaskState
from asynctaskflow.taskqueue.records import checksum
from asynctaskflow_testkit.ledger import EVERYONE, Entry, Fault, Ran, Submitted
from asynctaskflow_testkit.snapshot import Snapshot, StoredTask

UUID_CHARS = 36
HISTORY_KEPT = 20
LEAVES_TERMINAL = {"redriven", "deleted"}
SETTLES = {"completed", "failed", "handed_back"}
LEGAL_REPEATS = {"failed", "handed_back", "redriven"}
ABSORBED = ("state", "error", "error_class", "attempt", "result_sha256", "result_ref", "finished")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken law and who shows it."""

    law: str
    message: str
    uuid: str = ""

    def __str__(self) -> str:
        return f"{self.law}  {self.message}" + (f"  [{self.uuid}]" if self.uuid else "")


@dataclass(frozen=True)
class Evidence:
    """What is judged.

    Attributes:
        max_deliveries: as the functions were configured.
        lease_ms: as the workers were configured.
        earlier: a snapshot from before the last wait, to see that terminal tasks stay as they were.
        stale_rejected: how many stale writes were refused; ``None`` unless the run froze or cut a worker.
        overdue_ms: samples of the age of the oldest expired lease while Redis was up.
        may_be_lost: accepted ids that the declared durability does not cover.
    """

    entries: Sequence[Entry]
    snapshot: Snapshot
    max_deliveries: int = 3
    lease_ms: int = 2000
    earlier: Snapshot | None = None
    stale_rejected: int | None = None
    overdue_ms: Sequence[int] = ()
    may_be_lost: frozenset[str] = frozenset()

    @cached_property
    def accepted(self) -> frozenset[str]:
        """The uuids of all tasks that got a 2xx."""
        return frozenset(
            entry.id[-UUID_CHARS:]
            for entry in self.entries
            if isinstance(entry, Submitted) and entry.accepted
        )

    @cached_property
    def unsure(self) -> int:
        """Submissions without a 2xx: each may have left a task or not."""
        return sum(isinstance(entry, Submitted) and not entry.accepted for entry in self.entries)

    @cached_property
    def starts(self) -> dict[str, list[Ran]]:
        """uuid -> its executions' start lines."""
        return self._ran("start")

    @cached_property
    def ends(self) -> dict[str, list[Ran]]:
        """uuid -> its executions' end lines."""
        return self._ran("end")

    @cached_property
    def faulted(self) -> frozenset[str]:
        """Workers that were touched on purpose; ``*`` if a fault touched all."""
        return frozenset(entry.worker for entry in self.entries if isinstance(entry, Fault))

    @cached_property
    def deleted(self) -> frozenset[str]:
        """The uuids that were deleted or purged after their end; an unfinished one must not be."""
        return frozenset(
            event.uuid
            for event in self.snapshot.events
            if event.kind == "deleted" and event.old in TERMINAL
        )

    def _ran(self, edge: str) -> dict[str, list[Ran]]:
        found: dict[str, list[Ran]] = defaultdict(list)
        for entry in self.entries:
            if isinstance(entry, Ran) and entry.edge == edge:
                found[entry.id[-UUID_CHARS:]].append(entry)
        return dict(found)


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict with the figures worth publishing."""

    accepted: int
    executions: int
    duplicates: int
    faults: int
    states: dict[str, int]
    violations: tuple[Violation, ...]

    @property
    def broken(self) -> frozenset[str]:
        """The laws that were broken."""
        return frozenset(violation.law for violation in self.violations)

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        rate = self.duplicates / self.accepted if self.accepted else 0.0
        head = (
            f"{self.accepted} accepted, {self.executions} executions, {self.duplicates} duplicates "
            f"({rate:.2%}), {self.faults} faults; {states or 'nothing stored'}"
        )
        shown = [f"  {violation}" for violation in self.violations[:20]]
        more = len(self.violations) - len(shown)
        return "\n".join([head, *shown, *([f"  … and {more} more"] if more > 0 else [])])

    def insist(self) -> "Report":
        """The report itself if every law holds.

        Raises:
            AssertionError: with the whole report.
        """
        if self.violations:
            raise AssertionError(f"laws broken: {', '.join(sorted(self.broken))}\n{self}")
        return self


def judge(evidence: Evidence) -> Report:
    """Apply every law."""
    violations = tuple(violation for law in LAWS for violation in law(evidence))
    tasks = evidence.snapshot.tasks
    return Report(
        accepted=len(evidence.accepted),
        executions=sum(len(starts) for starts in evidence.starts.values()),
        duplicates=sum(max(0, _extra(evidence, uuid)) for uuid in evidence.starts),
        faults=sum(isinstance(entry, Fault) for entry in evidence.entries),
        states=dict(Counter(task.state for task in tasks.values())),
        violations=violations,
    )


def nothing_lost_or_stuck(evidence: Evidence) -> Iterator[Violation]:
    """I1: each accepted task reached a terminal state."""
    for uuid in sorted(evidence.accepted - evidence.deleted):
        task = evidence.snapshot.tasks.get(uuid)
        if task is None and uuid not in evidence.may_be_lost:
            yield Violation("I1", "lost: accepted, and Redis does not know it", uuid)
        if task is not None and task.state not in TERMINAL:
            yield Violation("I1", f"stuck in {task.state}", uuid)


def one_accepted_result(evidence: Evidence) -> Iterator[Violation]:
    """I2: completed once, by an execution that happened, with that execution's result unharmed."""
    completions = Counter(
        event.uuid for event in evidence.snapshot.events if event.kind == "completed"
    )
    for uuid, count in completions.items():
        if count > 1:
            yield Violation("I2", f"completed {count} times", uuid)
    for uuid, task in evidence.snapshot.tasks.items():
        if task.state == TaskState.COMPLETED:
            yield from _result_is_the_executions_own(evidence, uuid, task)


def _result_is_the_executions_own(
    evidence: Evidence, uuid: str, task: StoredTask
) -> Iterator[Violation]:
    worker, attempt = task.fields.get("worker", ""), task.number("attempt")
    ends = evidence.ends.get(uuid, ())
    if not any(is_same(worker, end.worker) and end.attempt == attempt for end in ends):
        yield Violation("I2", f"completed as {worker}#{attempt}, which never ended", uuid)
    if task.result is None:
        return
    if checksum(task.result.encode()) != task.fields.get("result_sha256"):
        yield Violation("I2", "the stored result is not the one that was settled", uuid)
    author = _author(task.result)
    if author and not (is_same(worker, author[0]) and author[1] == attempt):
        yield Violation("I2", f"result of {author}, accepted lease of {(worker, attempt)}", uuid)


def is_same(stored: str, told: str) -> bool:
    """Whether a worker is the one that a handler named: by its id, or as ``pid:<n>`` if it made the id itself."""
    pid = told.removeprefix("pid:")
    return stored == told or (pid != told and f"-{pid}-" in stored)


def _author(result: str) -> tuple[str, int] | None:
    """The execution that a sample handler's result names."""
    found = json.loads(result)
    if not isinstance(found, dict) or "worker" not in found:
        return None
    return str(found["worker"]), int(found.get("attempt", 0))


def no_unasked_execution(evidence: Evidence) -> Iterator[Violation]:
    """I3: executions <= 1 + retries + faults; a lease that expired without a fault is itself a violation."""
    for uuid in evidence.starts:
        task = evidence.snapshot.tasks.get(uuid)
        if task and len(task.history) >= HISTORY_KEPT:
            continue  # the oldest reasons are gone
        if (extra := _extra(evidence, uuid) - len(_expiries(evidence, uuid))) > 0:
            yield Violation("I3", f"{extra} executions that no fault explains", uuid)
    for uuid in evidence.snapshot.tasks:
        for worker in _expiries(evidence, uuid):
            if not evidence.faulted & {worker, EVERYONE}:
                yield Violation("I3", f"lease of {worker} expired, which nobody harmed", uuid)


def _extra(evidence: Evidence, uuid: str) -> int:
    """Executions beyond the first and those that failures, hand-backs and redrives asked for."""
    task = evidence.snapshot.tasks.get(uuid)
    asked = sum(row["event"] in LEGAL_REPEATS for row in task.history) if task else 0
    return len(evidence.starts.get(uuid, ())) - 1 - asked


def _expiries(evidence: Evidence, uuid: str) -> list[str]:
    task = evidence.snapshot.tasks.get(uuid)
    rows = task.history if task else ()
    return [str(row.get("worker", "")) for row in rows if row["event"] == "lease_expired"]


def terminal_is_absorbing(evidence: Evidence) -> Iterator[Violation]:
    """I4: no event and no change after a terminal state, but for a redrive or a deletion."""
    ended: dict[str, str] = {}
    for event in evidence.snapshot.events:
        if event.uuid in ended and event.kind not in LEAVES_TERMINAL:
            yield Violation("I4", f"{event.kind} after {ended[event.uuid]}", event.uuid)
        ended.pop(event.uuid, None)
        if event.new in TERMINAL:
            ended[event.uuid] = event.new
    if evidence.earlier is None:
        return
    for uuid, before in evidence.earlier.tasks.items():
        after = evidence.snapshot.tasks.get(uuid)
        redriven = after and after.number("redrives") > before.number("redrives")
        if before.state in TERMINAL and after and not redriven:
            for change in _changes(before, after):
                yield Violation("I4", f"{change} after {before.state}", uuid)


def _changes(before: StoredTask, after: StoredTask) -> Iterator[str]:
    for name in ABSORBED:
        old, new = before.fields.get(name), after.fields.get(name)
        if old != new:
            yield f"{name} changed from {old!r} to {new!r}"
    if before.result != after.result:
        yield "the result changed"


def deliveries_are_bounded(evidence: Evidence) -> Iterator[Violation]:
    """I5: no task took down more workers than allowed or entered the DLQ twice on its own."""
    entered = Counter(
        event.uuid for event in evidence.snapshot.events if event.new == TaskState.DLQ
    )
    for uuid, task in evidence.snapshot.tasks.items():
        deliveries = max(task.number("deliveries"), _longest_crash_row(task))
        if deliveries > evidence.max_deliveries:
            yield Violation(
                "I5", f"{deliveries} deliveries, {evidence.max_deliveries} allowed", uuid
            )
        if entered[uuid] > 1 + task.number("redrives"):
            yield Violation("I5", f"entered the DLQ {entered[uuid]} times", uuid)


def _longest_crash_row(task: StoredTask) -> int:
    longest = row = 0
    for entry in task.history:
        row = row + 1 if entry["event"] == "lease_expired" else 0
        longest = max(longest, row)
    return longest


def conservation(evidence: Evidence) -> Iterator[Violation]:
    """I6: each task stands in exactly one structure, each structure names only tasks, no key is stray."""
    snapshot = evidence.snapshot
    queued = Counter(snapshot.queued)
    for uuid, task in snapshot.tasks.items():
        yield from _stands_in_one_place(snapshot, queued, uuid, task)
    for uuid in sorted({*snapshot.all_index, *_indexed(snapshot)} - set(snapshot.tasks)):
        yield Violation("I6", "indexed, and there is no such task", uuid)
    strangers = len(set(snapshot.tasks) - evidence.accepted) - evidence.unsure
    if strangers > 0:
        yield Violation("I6", f"{strangers} stored tasks that nobody submitted")
    for name in snapshot.stray_keys:
        yield Violation("I6", f"key without owner or lifetime: {name}")
    yield from _error_index_agrees(snapshot)


def _stands_in_one_place(
    snapshot: Snapshot, queued: Counter[str], uuid: str, task: StoredTask
) -> Iterator[Violation]:
    if (states := snapshot.index_of(uuid)) != [task.state]:
        yield Violation("I6", f"state {task.state}, indexed as {states}", uuid)
    if uuid not in snapshot.all_index:
        yield Violation("I6", "missing in the index of all tasks", uuid)
    if task.state == TaskState.PENDING and queued[uuid] != 1:
        yield Violation("I6", f"PENDING and {queued[uuid]} times in the queues", uuid)


def _indexed(snapshot: Snapshot) -> Iterable[str]:
    return (uuid for members in snapshot.indexes.values() for uuid in members)


def _error_index_agrees(snapshot: Snapshot) -> Iterator[Violation]:
    """Members are ``<STATE>:<class>:<entry time>:<uuid>``; dead letters have one more, with their fingerprint."""
    named: dict[str, list[str]] = {}
    for member in sorted(snapshot.errors):
        named.setdefault(member[-UUID_CHARS:], []).append(member[: -UUID_CHARS - 1])
    for uuid, places in named.items():
        task = snapshot.tasks.get(uuid)
        if task is None or places != _error_places(task):
            yield Violation("I6", f"error index says {', '.join(places)}", uuid)
    for uuid, task in snapshot.tasks.items():
        if task.state in {TaskState.FAILED, TaskState.DLQ} and uuid not in named:
            yield Violation("I6", f"{task.state} and missing in the error index", uuid)


def _error_places(task: StoredTask) -> list[str]:
    """Where the index must name a task that holds an error, in order."""
    names = [task.fields.get("error_class", "")]
    if task.state == TaskState.DLQ:
        names.append(f"{names[0]}/{task.fields.get('fingerprint', '')}")
    return sorted(f"{task.state}:{name}:{task.number('updated'):014d}" for name in names)


def stale_writes_are_refused(evidence: Evidence) -> Iterator[Violation]:
    """I7: only the last claimer settles; and in a run with zombies, some write was refused."""
    holder: dict[str, str] = {}
    for event in evidence.snapshot.events:
        held_by = holder.get(event.uuid, event.worker)
        if event.kind in SETTLES and event.worker and event.worker != held_by:
            message = f"{event.kind} by {event.worker}, held by {held_by}"
            yield Violation("I7", message, event.uuid)
        if event.kind == "claimed":
            holder[event.uuid] = event.worker
        elif event.kind == "lease_expired":
            holder[event.uuid] = "nobody"
    if evidence.stale_rejected == 0:
        yield Violation("I7", "no stale write was refused: the test does not bite")


def overdue_leases_are_noticed(evidence: Evidence) -> Iterator[Violation]:
    """I12: while Redis was up, no expired lease stayed for two leases."""
    worst = max(evidence.overdue_ms, default=0)
    if worst >= 2 * evidence.lease_ms:
        yield Violation("I12", f"a lease was overdue for {worst} ms, lease {evidence.lease_ms} ms")


LAWS: tuple[Callable[[Evidence], Iterator[Violation]], ...] = (
    nothing_lost_or_stuck,
    one_accepted_result,
    no_unasked_execution,
    terminal_is_absorbing,
    deliveries_are_bounded,
    conservation,
    stale_writes_are_refused,
    overdue_leases_are_noticed,
)
