"""A bounded run of Schemathesis over real HTTP: nothing crashes, nothing undocumented is answered."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from asynctaskflow.model.function import FunctionSpec
from asynctaskflow_testkit.queues import FUNCTION, open_queue
from asynctaskflow_testkit.servers import RedisServer, available
from asynctaskflow_testkit.waiting import eventually

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
STREAMS = "/(stream|events)$"


@pytest.mark.parametrize("server", [available()[0].name], indirect=True)
async def test_no_generated_request_is_answered_with_a_crash_or_off_the_record(
    server: RedisServer, tmp_path: Path
):
    async with open_queue(server.url) as q:
        for name in (FUNCTION, "summarize", "pdfxtract"):
            await q.queue.register(name, FunctionSpec(handler="some.module:handler"))
        await q.enqueue(5)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "api.log"
    async with api_process(server.url, port, log) as ended:
        run = await asyncio.to_thread(fuzz, port)
        assert not ended()

    assert run.returncode == 0, run.stdout[-6000:]
    assert "Traceback" not in log.read_text()


@asynccontextmanager
async def api_process(url: str, port: int, log: Path) -> AsyncIterator[Callable[[], bool]]:
    env = {
        "ATF_REDIS_URL": url,
        "ATF_API_PORT": str(port),
        "ATF_AUTH": "off",
        "ATF_API_WAIT_MAX_S": "0.2",
    }
    with log.open("wb") as output:
        api = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "asynctaskflow_api.main", env=env, stdout=output, stderr=output
        )
        try:
            await eventually(lambda: is_live(port), 20)
            yield lambda: api.returncode is not None
        finally:
            api.terminate()
            await api.wait()


async def is_live(port: int) -> bool:
    try:
        async with httpx2.AsyncClient(trust_env=False) as http:
            return (await http.get(f"http://127.0.0.1:{port}/live")).status_code == 200
    except httpx2.TransportError:
        return False


def fuzz(port: int) -> subprocess.CompletedProcess[str]:
    options = [
        "--max-examples=2",
        "--seed=7",
        "--phases=examples,coverage,fuzzing",
        "--mode=all",
        f"--checks={CHECKS}",
        f"--exclude-path-regex={STREAMS}",
        "--request-timeout=10",
        "--suppress-health-check=all",
        "--generation-database=none",
        "--no-color",
    ]
    program = Path(sys.executable).with_name("schemathesis")
    url = f"http://127.0.0.1:{port}/openapi.json"
    return subprocess.run(
        [program, "run", url, *options], capture_output=True, text=True, check=False, timeout=90
    )
