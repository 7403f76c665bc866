"""What "accepted" means: in the primary's memory and append-only file, or confirmed by a replica too.

WAIT is not a transaction: a write whose confirmation did not come stays. The caller is told that the
outcome is unknown and repeats with the same uuid or idempotency key (facts: reliability F5).
"""

from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError

from asynctaskflow.errors import QueueUnavailable
from asynctaskflow.store.connection import AsyncRedis
from asynctaskflow.store.lane import Call, ScriptRunner


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
            raise QueueUnavailable("durability strict is not offered on Redis Cluster")
        reply, replicas, *synced = await self._confirmed(client, call)
        if replicas < self.replicas or (synced and synced[0][1] < self.replicas):
            raise QueueUnavailable("no replica confirmed the write in time: outcome unknown")
        return reply

    async def _confirmed(self, client: AsyncRedis, call: Call) -> list[Any]:
        pipe = client.pipeline(transaction=False)
        pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
        pipe.execute_command("WAIT", self.replicas, self.timeout_ms)
        if self.fsync:
            pipe.execute_command("WAITAOF", 1, self.replicas, self.timeout_ms)
        try:
            return list(await pipe.execute())
        except NoScriptError:
            await client.script_load(call.script.source)
            return await self._confirmed(client, call)
