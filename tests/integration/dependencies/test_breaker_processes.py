"""R14: forty processes wait at an open breaker; each half-open phase lets exactly N calls through.

Run as a script this file is the forty processes. Their ``admit`` and ``report`` are the shipped scripts plus
lines that note each probe with its epoch, and each transition.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from asynctaskflow.dependencies import scripts
from asynctaskflow.dependencies.guard import DependencyGuard
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow, Retryable
from asynctaskflow.model.dependency import BreakerPolicy, DependencySpec
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.store.scripts import Script
from asynctaskflow_testkit.bounds import insist_on_probes
from asynctaskflow_testkit.lifetime import end, spawn
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

NAME = "api"
PROCESSES = 40
PROBES = 3
TRIALS = 50
CALL_S = 0.05
LEGAL = {
    ("closed", "open"),
    ("open", "half_open"),
    ("half_open", "open"),
    ("half_open", "closed"),
}
PROBE_LOG, TURN_LOG, STOP = "{api}:test:probes", "{api}:test:turns", "{api}:test:stop"
A_PROBE = "call('HINCRBY', BREAKER, 'probes', 1)"
A_TURN = "  call('DEL', PROBES)\n"
SPEC = DependencySpec(
    breaker=BreakerPolicy(
        window_seconds=5,
        min_calls=5,
        failure_ratio=0.3,
        open_seconds=0.05,
        half_open_probes=PROBES,
        permit_seconds=20,
    )
)


def noting(script: Script) -> Script:
    assert A_TURN in script.source
    source = script.source.replace(
        A_TURN, f"{A_TURN}  call('RPUSH', '{TURN_LOG}', breaker.status, status)\n"
    )
    return Script(
        script.name,
        source.replace(A_PROBE, f"{A_PROBE}\n  call('RPUSH', '{PROBE_LOG}', breaker.epoch)"),
    )


async def test_each_half_open_phase_makes_exactly_as_many_calls_as_it_has_probes(
    server: RedisServer, tmp_path: Path
):
    client = open_async(RedisOptions(server.url))
    dependencies = RedisDependencies(client)
    await dependencies.register(NAME, SPEC)
    upstream = tmp_path / "upstream"
    crowd = spawn([sys.executable, __file__, server.url, str(upstream)], log=tmp_path / "log")
    try:
        await eventually(lambda: len(set(_probes(server))) > TRIALS, 60, what="51 phases")
        await client.set(STOP, 1)
        await eventually(lambda: crowd.poll() is not None, 60, what="all are done")
    finally:
        end(crowd)
    per_epoch = Counter(_probes(server))
    turns = [state.decode() for state in await client.lrange(TURN_LOG, 0, -1)]
    state = await dependencies.state(NAME)
    await client.aclose()

    assert "Traceback" not in (tmp_path / "log").read_text()
    counts = [per_epoch[epoch] for epoch in sorted(per_epoch)][:TRIALS]
    insist_on_probes(counts, allowed=PROBES)
    assert counts == [PROBES] * TRIALS
    moves = list(zip(turns[::2], turns[1::2], strict=True))
    assert set(moves) <= LEGAL
    assert all(before[1] == after[0] for before, after in pairwise(moves))
    assert len(upstream.read_bytes()) == state.limiter.grants


def _probes(server: RedisServer) -> list[int]:
    return [int(epoch) for epoch in server.command("LRANGE", PROBE_LOG, 0, -1)]


def _crowd(url: str, upstream: str) -> None:
    scripts.ADMIT = noting(scripts.ADMIT)
    scripts.REPORT = noting(scripts.REPORT)
    children = []
    for number in range(PROCESSES):
        pid = os.fork()
        if pid == 0:
            asyncio.run(_caller(url, upstream, random.Random(number)))
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


async def _caller(url: str, upstream: str, dice: random.Random) -> None:
    """Calls a provider that fails one time in three, and knocks again at once when turned away."""
    client = open_async(RedisOptions(url))
    guard = DependencyGuard(RedisDependencies(client), NAME)
    log = os.open(upstream, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    async def ask() -> None:
        os.write(log, b".")
        await asyncio.sleep(CALL_S)
        if dice.random() < 1 / 3:
            raise Retryable("503", error_class="unavailable", provider_fault=True)

    while not await client.exists(STOP):
        try:
            await guard.call(ask)
        except NotNow:
            await asyncio.sleep(dice.random() * 0.04)
        except Retryable:
            pass
    await client.aclose()


if __name__ == "__main__":
    _crowd(*sys.argv[1:])
