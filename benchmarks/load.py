"""Requests over many connections at once: wrk where the machine has it, else a loader of our own.

The loader is Python and shares the machine with the API: its rate is a lower bound. It is started as
``python -m benchmarks.load URL PATH CONNECTIONS SECONDS BODY`` and prints what it saw as JSON.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.figures import percentile
from benchmarks.systems import ROOT

STARTUP_S = 30.0
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)\b")
REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{body}]==]
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients saw; ``errors`` are answers other than 2xx and 3xx."""

    tool: str
    per_second: float
    p99_ms: float
    errors: int


def post(url: str, path: str, body: str, *, connections: int, seconds: int, folder: Path) -> Load:
    """POST the same body again and again over kept connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        command = [sys.executable, "-m", "benchmarks.load", url, path]
        command += [str(connections), str(seconds), body]
        return Load(**json.loads(_output(command, seconds)))
    script = folder / "post.lua"
    script.write_text(WRK_SCRIPT.format(body=body))
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    return read_wrk(_output([*command, url + path], seconds))


def read_wrk(text: str) -> Load:
    """What wrk printed.

    Raises:
        ValueError: it is no report.
    """
    rate, p99, refused = RATE.search(text), P99.search(text), REFUSED.search(text)
    if rate is None or p99 is None:
        raise ValueError(f"not a report of wrk: {text[:500]}")
    errors = int(refused[1]) if refused else 0
    return Load("wrk", float(rate[1]), float(p99[1]) * MS[p99[2]], errors)


def _output(command: list[str], seconds: int) -> str:
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + STARTUP_S, check=True
    )
    return ended.stdout


@dataclass(slots=True)
class _Seen:
    """What all connections of the loader saw."""

    taken_ms: list[float]
    errors: int = 0


async def _connection(host: str, port: int, request: bytes, until_s: float, seen: _Seen) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < until_s:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        seen.taken_ms.append((time.perf_counter() - started) * 1000)
        seen.errors += head[9:10] not in b"23"
    writer.close()


async def _run(url: str, path: str, connections: int, seconds: float, body: str) -> Load:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    sent = body.encode()
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    ).encode() + sent
    seen, until_s = _Seen([]), time.perf_counter() + seconds
    await asyncio.gather(
        *(_connection(host, port, request, until_s, seen) for _ in range(connections))
    )
    rate = len(seen.taken_ms) / seconds
    return Load("own loader", rate, percentile(seen.taken_ms, 0.99), seen.errors)


if __name__ == "__main__":
    _url, _path, _connections, _seconds, _body = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _load = _runner.run(_run(_url, _path, int(_connections), float(_seconds), _body))
    print(json.dumps(asdict(_load)))
