"""Small breakages of the core, each of which some drill must notice: a suite that no mutant fails is decoration.

A mutant is a text replacement in a *copy* of the core that one child process has in front of its path; the
working tree is never touched.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asynctaskflow
from asynctaskflow_testkit.settings import environment

DRILL_TIMEOUT_S = 30
CORE = Path(asynctaskflow.__file__).parent


@dataclass(frozen=True, slots=True)
class Mutant:
    """One breakage.

    Attributes:
        edits: file inside the package, text that stands there exactly once, what replaces it.
        drill: name of the drill that must fail.
        law: what its output must name.
    """

    name: str
    edits: tuple[tuple[str, str, str], ...]
    drill: str
    law: str


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "no lease compare when a result is settled",
        (("taskqueue/lua/settle_completed.lua", "if r[1] ~= lease then return LOST end", ""),),
        "stale_write",
        "I7",
    ),
    Mutant(
        "no lease compare when a failure is settled",
        (("taskqueue/lua/settle_failed.lua", "if r[2] ~= lease then return LOST end", ""),),
        "stale_failure",
        "I7",
    ),
    Mutant(
        "renewing extends no lease",
        (
            (
                "taskqueue/lua/renew.lua",
                "call('ZADD', INDEX.ACTIVE, 'XX', NOW + lease_ms, uuid)",
                "",
            ),
        ),
        "renewal",
        "I3",
    ),
    Mutant(
        "the worker sends no heartbeat",
        (("worker/heartbeat.py", "            self._renew()\n", "            pass\n"),),
        "heartbeat",
        "I3",
    ),
    Mutant(
        "the reaper is off",
        (("taskqueue/lua/reap_expired.lua", "do void_lease(uuid) end", "do end"),),
        "crash",
        "I1",
    ),
    Mutant(
        "a claim does not enter the set of leases",
        (("taskqueue/lua/claim.lua", "call('ZADD', INDEX.ACTIVE, unpack(deadlines))", ""),),
        "crash",
        "I1",
    ),
    Mutant(
        "a poison pill is delivered for ever",
        (("taskqueue/lua/reap_expired.lua", ">= max_deliveries then", ">= 1000 then"),),
        "poison",
        "I5",
    ),
    Mutant(
        "settled failures are not counted",
        (("taskqueue/lua/settle_failed.lua", "(r[5] or 0) + 1", "(r[5] or 0)"),),
        "retries",
        "I1",
    ),
    Mutant(
        "a repeated enqueue is stored again",
        (
            (
                "taskqueue/lua/enqueue.lua",
                "return known[1] and {known[2] == sha",
                "return false and {known[2] == sha",
            ),
        ),
        "repeats_by_id",
        "I3",
    ),
    Mutant(
        "an idempotency key is forgotten",
        (
            (
                "taskqueue/lua/enqueue.lua",
                "local named = idempotency_key and",
                "local named = false and",
            ),
        ),
        "repeats_by_key",
        "I6",
    ),
    Mutant(
        "a redriven task stays in the dead-letter queue",
        (
            (
                "taskqueue/lua/redrive.lua",
                "queue(uuid, r[1], RETRY, 'RPUSH')",
                "queue(uuid, 'PENDING', RETRY, 'RPUSH')",
            ),
        ),
        "redrive",
        "I6",
    ),
    Mutant(
        "purging deletes what is not finished",
        (
            (
                "taskqueue/lua/purge_expired.lua",
                "index, keep = INDEX[ARGV[1]],",
                "index, keep = ALL,",
            ),
            ("taskqueue/lua/purge_expired.lua", "== ARGV[1] then", "then"),
        ),
        "purge",
        "I1",
    ),
    Mutant(
        "a hand-back burns an attempt",
        (("taskqueue/lua/hand_back.lua", "'attempt', r[3] - 1,", "'attempt', r[3],"),),
        "hand_back",
        "I5",
    ),
    Mutant(
        "the limiter runs on clocks that differ by some seconds",
        (
            (
                "dependencies/lua/admit.lua",
                "refill()\n",
                "NOW = NOW + tonumber(string.sub(nonce, 1, 1), 16) * 250; refill()\n",
            ),
        ),
        "limiter",
        "I9",
    ),
    Mutant(
        "half open without permits",
        (("dependencies/lua/prelude/2_breaker.lua", ">= rules.probes then", ">= 1000 then"),),
        "half_open",
        "I10",
    ),
    Mutant(
        "enqueueing wakes nobody",
        (("taskqueue/lua/enqueue.lua", "publish(lines); wake() end", "publish(lines) end"),),
        "wake_up",
        "I1",
    ),
)


def copy_core(folder: Path) -> Path:
    """A copy of the core; returns the folder for the front of a path."""
    shutil.copytree(CORE, folder / CORE.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def mutate(mutant: Mutant, folder: Path) -> Path:
    """A broken copy of the core.

    Raises:
        ValueError: the text to replace does not stand there exactly once; the mutant needs care.
    """
    copy_core(folder)
    for name, old, new in mutant.edits:
        path = folder / CORE.name / name
        text = path.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{name}: {old!r} stands there {text.count(old)} times, wanted once")
        path.write_text(text.replace(old, new))
    return folder


def run_drill(name: str, url: str, *, core: Path) -> subprocess.CompletedProcess[str]:
    """A drill in a child process that imports the core from ``core``."""
    env: Mapping[str, str] = {**environment(), "PYTHONPATH": str(core)}
    command = [sys.executable, "-m", "asynctaskflow_testkit.drills", name, url]
    return subprocess.run(
        command, env=dict(env), capture_output=True, text=True, timeout=DRILL_TIMEOUT_S, check=False
    )
