"""What "accepted" means: in the primary's memory and append-only file, or confirmed by a replica too.

WAIT is not a transaction: a write whose confirmation did not come stays. The caller is told that the
outcome is unknown and repeats with the same uuid or idempotency key (facts: reliability F5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError, RedisError, ResponseError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.store.lane import Call, ScriptRunner
from asynctaskflow.store.owner import run_on_owner
from asynctaskflow.store.scripts import Argument

Words = tuple[Argument, ...]

OWNER_TIMEOUT_S = 2.0  # to find the node of a slot, beside the confirmations
UNKNOWN_COMMAND = "unknown command"


@dataclass(frozen=True, slots=True)
class Durability:
    """How writes that accept a task are confirmed.

    Attributes:
        replicas: replicas that must have received the write; 0 for ``standard``.
        fsync: also wait until it is in the append-only files (needs WAITAOF, Redis 7.2 or Valkey).
        timeout_ms: for the confirmation.
    """

    replicas: int = 0
    fsync: bool = False
    timeout_ms: int = 1000

    @classmethod
    def standard(cls) -> "Durability":
        """Accepted means: in Redis' memory and on its way into the append-only file."""
        return cls()

    @classmethod
    def strict(cls, *, fsync: bool, timeout_ms: int = 1000) -> "Durability":
        """Accepted means: one replica has confirmed."""
        return cls(replicas=1, fsync=fsync, timeout_ms=timeout_ms)

    async def run(self, client: AsyncRedis, runner: ScriptRunner, call: Call) -> Any:
        """Run the script and, if strict, wait for the confirmation on the same connection.

        Raises:
            QueueUnavailable: not confirmed in time; the write may still stand.
        """
        if not self.replicas:
            return (await runner.run([call]))[0]
        if isinstance(client, RedisCluster):
            timeout_s = OWNER_TIMEOUT_S + 2 * self.timeout_ms / 1000
            waits = self.confirmations()
            return self.confirmed(await run_on_owner(client, call, waits, timeout_s=timeout_s))
        return self.confirmed(await self._confirmed(client, call))

    def refuse(self, *, cluster: bool) -> None:
        """Say what the blocking client cannot promise, before anything is sent.

        Raises:
            QueueUnavailable: strict, on a cluster.
        """
        if self.replicas and cluster:
            raise QueueUnavailable(
                "durability strict is not offered by the blocking client on Redis Cluster"
            )

    def confirmations(self) -> list[Words]:
        """The commands that wait for the confirmation of what the same connection has just written."""
        if not self.replicas:
            return []
        waits: list[Words] = [("WAIT", self.replicas, self.timeout_ms)]
        if self.fsync:
            waits.append(("WAITAOF", 1, self.replicas, self.timeout_ms))
        return waits

    def confirmed(self, replies: Sequence[Any]) -> Any:
        """The first reply, if those to ``confirmations`` behind it confirm it.

        A node of a cluster that does not know WAITAOF, unlike the one that was asked at the start, confirms what
        it can: that a replica has it.

        Raises:
            QueueUnavailable: not confirmed in time; the write may still stand.
        """
        reply, *waits = replies
        for answer in waits:
            if isinstance(answer, ResponseError) and UNKNOWN_COMMAND in str(answer).lower():
                continue
            if isinstance(answer, RedisError):
                raise QueueUnavailable(f"the write is not confirmed: {answer}") from answer
            if (answer[1] if isinstance(answer, list) else answer) < self.replicas:
                raise QueueUnavailable("no replica confirmed the write in time: outcome unknown")
        return reply

    async def _confirmed(self, client: AsyncRedis, call: Call) -> list[Any]:
        pipe = client.pipeline(transaction=False)
        pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
        for words in self.confirmations():
            pipe.execute_command(*words)
        replies = list(await pipe.execute(raise_on_error=False))
        if isinstance(replies[0], NoScriptError):
            await client.script_load(call.script.source)
            return await self._confirmed(client, call)
        if isinstance(replies[0], RedisError):
            raise replies[0]
        return replies
