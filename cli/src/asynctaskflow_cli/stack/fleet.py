"""The worker processes of one function: start, drain, and come back after a crash."""

import asyncio
import math
import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asynctaskflow.clock import Clock
from asynctaskflow.model.function import FunctionManifest
from asynctaskflow.taskqueue.messages import WorkerInfo
from asynctaskflow_cli.stack.child import Child, Command
from asynctaskflow_cli.stack.gauges import Crew
from asynctaskflow_cli.stack.output import Console
from asynctaskflow_cli.stack.program import worker_argv

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 30.0
HEALTHY_AFTER_S = 10.0
MAX_COUNTED = 10
GRACE_MARGIN_S = 5.0
ID_BYTES = 3
START_AGAIN = 75  # a worker that asks to be replaced by a fresh one (atf-worker --help)


@dataclass(slots=True)
class Member:
    """One worker process; ``draining`` once it was told to go.

    Attributes:
        worker_id: given to it at its start, so that the queue can be asked about it before it has reported.
    """

    child: Child
    worker_id: str
    born_s: float
    draining: bool = False


class Fleet:
    """Worker processes of one function.

    Args:
        folder: where the handler lies, if it is not installed.
        env: environment of the workers.
        changed: set after a worker has ended, so that the next decision comes at once.
    """

    def __init__(
        self,
        manifest: FunctionManifest,
        *,
        folder: Path | None,
        env: Mapping[str, str],
        console: Console,
        clock: Clock,
        changed: asyncio.Event,
    ) -> None:
        """Nothing runs yet."""
        self.name = manifest.metadata.name
        self._spec = manifest.spec
        self._folder = folder
        self._env = {**env, **manifest.spec.env}
        self._console = console
        self._clock = clock
        self._changed = changed
        self._members: dict[int, Member] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._started = 0
        self._failures = 0
        self._ended = 0
        self._failed_s = -math.inf
        self._start_after_s = 0.0

    @property
    def members(self) -> tuple[Member, ...]:
        """All processes, draining ones included."""
        return tuple(self._members.values())

    @property
    def replicas(self) -> int:
        """Processes that are meant to stay."""
        return sum(not member.draining for member in self._members.values())

    def crew(self, *, ready: int) -> Crew:
        """The processes as they are now.

        Args:
            ready: those that report.
        """
        return Crew(
            ready=ready,
            draining=len(self._members) - self.replicas,
            restarts=self._ended,
            crashes=self._failures,
            backoff_s=self.backoff_s(),
        )

    def backoff_s(self) -> float:
        """Seconds until a worker may be started again after crashes at start; 0: now."""
        return max(0.0, self._start_after_s - self._clock.mono_s())

    async def start(self, count: int) -> None:
        """Start up to ``count`` workers; only one while the last ones crashed, to see whether it lives."""
        if self.backoff_s():
            return
        for _ in range(min(count, 1) if self._failures else count):
            self._started += 1
            name = f"{self.name}-{self._started}"
            worker_id = f"{name}-{secrets.token_hex(ID_BYTES)}"
            child = await Child.start(self._command(name, worker_id), self._console)
            member = Member(child, worker_id, self._clock.mono_s())
            self._members[child.pid] = member
            watcher = asyncio.create_task(self._watch(member))
            self._watchers.add(watcher)
            watcher.add_done_callback(self._watchers.discard)

    def drain(self, pids: frozenset[int]) -> None:
        """Tell workers to stop claiming, finish and go."""
        for pid in pids & self._members.keys():
            member = self._members[pid]
            if not member.draining:
                member.draining = True
                self._stop_soon(member)

    async def stop(self, *, grace_s: float) -> None:
        """Drain all and wait until the last one is gone; the rest is killed after the grace time."""
        for member in self._members.values():
            member.draining = True
        await asyncio.gather(*(m.child.stop(grace_s=grace_s) for m in self.members))
        await asyncio.gather(*self._watchers)

    def _stop_soon(self, member: Member) -> None:
        grace_s = self._spec.timeouts.grace_seconds + GRACE_MARGIN_S
        stopping = asyncio.create_task(_discard(member.child.stop(grace_s=grace_s)))
        self._watchers.add(stopping)
        stopping.add_done_callback(self._watchers.discard)

    def _command(self, name: str, worker_id: str) -> Command:
        return Command(
            name=name,
            argv=worker_argv(self._spec.handler, self._folder),
            env={**self._env, "ATF_WORKER_ID": worker_id},
            cwd=self._folder,
        )

    async def _watch(self, member: Member) -> None:
        code = await member.child.wait()
        del self._members[member.child.pid]
        if not member.draining:
            self._crashed(member, code)
        elif code:
            self._console.say(f"{member.child.name} ended with exit code {code}")
        self._changed.set()

    def _crashed(self, member: Member, code: int) -> None:
        """Delay the next start after a crash at start; workers that started together count as one."""
        self._ended += 1
        now_s = self._clock.mono_s()
        lived_s = now_s - member.born_s
        ended = f"{member.child.name} ended with exit code {code} {lived_s:.1f} s after its start"
        if code == START_AGAIN:
            return
        if lived_s >= HEALTHY_AFTER_S:
            self._failures = 0
            self._console.say(f"{ended}: starting another")
            return
        if member.born_s <= self._failed_s:
            self._console.say(ended)
            return
        delay_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**self._failures)
        self._failures = min(self._failures + 1, MAX_COUNTED)
        self._failed_s, self._start_after_s = now_s, now_s + delay_s
        self._console.say(f"{ended}: next one in {delay_s:g} s")

    def confirm(self, reported: Mapping[int, WorkerInfo]) -> None:
        """A worker that reports has started well: crashes before it no longer slow the start of others."""
        if any(pid in reported for pid in self._members):
            self._failures = 0


async def _discard(stopping: Awaitable[int]) -> None:
    await stopping
