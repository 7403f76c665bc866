"""R13: fifty processes share one bucket and ten of them are killed; no window of any length sees more than it allows, and little is wasted.

Run as a script this file is the fifty processes. Their ``admit`` is the shipped script plus one line that
notes the time of each grant by Redis' clock.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from asynctaskflow.dependencies import scripts
from asynctaskflow.dependencies.guard import DependencyGuard
from asynctaskflow.dependencies.redis_dependencies import RedisDependencies
from asynctaskflow.errors import NotNow
from asynctaskflow.model.dependency import DependencySpec, RateLimit
from asynctaskflow.store.connection import RedisOptions, open_async
from asynctaskflow.store.scripts import Script
from asynctaskflow_testkit.bounds import busiest_window, insist_on_limit
from asynctaskflow_testkit.lifetime import end, spawn
from asynctaskflow_testkit.servers import RedisServer
from asynctaskflow_testkit.waiting import eventually

NAME = "api"
PROCESSES = 50
KILLS = 10
DURATION_S = 3.0
RATE, CAPACITY = 100.0, 10.0
LONGEST_DELAY_S = 0.5
GRANTS = "{api}:test:grants"
NOTED = "call('HINCRBY', BUCKET, 'grants', 1)"


def noting(script: Script) -> Script:
    assert NOTED in script.source
    source = script.source.replace(NOTED, f"{NOTED}\ncall('RPUSH', '{GRANTS}', NOW)")
    return Script(script.name, source)


async def test_fifty_processes_never_exceed_the_bucket_and_use_it_up(
    server: RedisServer, tmp_path: Path
):
    client = open_async(RedisOptions(server.url))
    dependencies = RedisDependencies(client)
    await dependencies.register(
        NAME,
        DependencySpec(
            rate_limit=RateLimit(requests=RATE, interval_seconds=1, capacity=CAPACITY),
            max_wait_seconds=30,
        ),
    )
    sent = tmp_path / "sent"
    crowd = spawn([sys.executable, __file__, server.url, str(sent)], log=tmp_path / "log")
    try:
        await eventually(lambda: _started(server) >= PROCESSES, 60, what="all have called")
        for pid in _children(crowd.pid)[:KILLS]:
            os.kill(pid, signal.SIGKILL)
        await eventually(lambda: crowd.poll() is not None, 60, what="all are done")
    finally:
        end(crowd)
    granted_ms = [int(at) for at in await client.lrange(GRANTS, 0, -1)]
    granted_s = [(at - granted_ms[0]) / 1000 for at in granted_ms]
    sent_s = [float(line) for line in sent.read_text().split()]
    state = await dependencies.state(NAME)
    await client.aclose()

    assert "Traceback" not in (tmp_path / "log").read_text()
    insist_on_limit(granted_s, capacity=CAPACITY, rate_per_s=RATE)
    insist_on_limit(sent_s, capacity=CAPACITY, rate_per_s=RATE, delay_s=LONGEST_DELAY_S)
    # The fullest second is what the bucket gave while the machine let its callers ask.
    assert busiest_window(granted_s, window_s=1) >= 0.95 * RATE
    assert state.limiter.grants == len(granted_s)
    assert len(sent_s) <= len(granted_s) <= len(sent_s) + KILLS


def _started(server: RedisServer) -> int:
    return int(server.command("SCARD", "{api}:test:started"))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _crowd(url: str, sent: str) -> None:
    scripts.ADMIT = noting(scripts.ADMIT)
    children = []
    for number in range(PROCESSES):
        pid = os.fork()
        if pid == 0:
            asyncio.run(_caller(url, sent, number))
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


async def _caller(url: str, sent: str, number: int) -> None:
    """Calls for ``DURATION_S`` seconds as fast as the guard lets it."""
    client = open_async(RedisOptions(url))
    guard = DependencyGuard(RedisDependencies(client), NAME)
    log = os.open(sent, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    async def send() -> None:
        os.write(log, f"{time.monotonic():.6f}\n".encode())

    await client.sadd("{api}:test:started", number)
    stop_s = time.monotonic() + DURATION_S + 1.0
    while time.monotonic() < stop_s:
        try:
            await guard.call(send)
        except NotNow as refused:
            await asyncio.sleep(refused.delay_s)
    await client.aclose()


if __name__ == "__main__":
    _crowd(*sys.argv[1:])
