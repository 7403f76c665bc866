"""What pdfxtract promises: two newspaper pages through a model that answers at once."""

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import orjson

from asynctaskflow_testkit.servers import RedisServer
from benchmarks.figures import Goal, Reached
from benchmarks.footprint import Peak
from benchmarks.processes import Child
from benchmarks.promises.store import Store
from benchmarks.settings import inherited
from benchmarks.systems import OURS_PYTHON, ROOT
from benchmarks.witness import wait_until

FUNCTION = "pdfxtract"
SAMPLE = ROOT / "examples" / "samples" / "gazette.pdf"
MANIFEST = ROOT / "functions" / "pdfxtract" / "function.yaml"
HANDLER = "asynctaskflow_pdfxtract.handler:pdfxtract"
RUNS = 3
DONE_WITHIN_S = 60.0
STARTED_WITHIN_S = 30.0
ANNOUNCED_WITHIN_S = 20.0
ANNOUNCED = re.compile(r"OPENROUTER_BASE_URL=(\S+)")


def measure(server: RedisServer, folder: Path) -> Iterator[Reached]:
    """Time and memory of the sample; the first run is on a worker that has run nothing."""
    store = Store(server.url)
    document = base64.b64encode(SAMPLE.read_bytes()).decode()
    data = orjson.dumps({"pdf_base64": document, "filename": SAMPLE.name})
    with ExitStack() as stack:
        simulator = _start(stack, ["asynctaskflow_openrouter.simulator"], {}, folder / "model.log")
        wait_until(
            lambda: bool(ANNOUNCED.search(simulator.log())),
            ANNOUNCED_WITHIN_S,
            "the model is there",
        )
        url = ANNOUNCED.findall(simulator.log())[0]
        env = {
            "ATF_REDIS_URL": server.url,
            "ATF_LOG_LEVEL": "warning",
            "OPENROUTER_API_KEY": "simulated",
            "OPENROUTER_BASE_URL": url,
        }
        command = ["asynctaskflow.worker.main", HANDLER, "--manifest", str(MANIFEST)]
        worker = _start(stack, command, env, folder / "pdfxtract.log")
        store.await_worker(FUNCTION, within_s=STARTED_WITHIN_S)
        with Peak(worker.pid) as peak:
            seconds = [store.run_one(FUNCTION, data, within_s=DONE_WITHIN_S) for _ in range(RUNS)]
    note = "first " + ", then ".join(f"{one:.2f}" for one in seconds[:2]) + " s"
    goal = Goal("pdfxtract of 2 pages, instant model", 3, "s", at_least=False)
    yield Reached(goal, [max(seconds)], note)
    goal = Goal("the same, peak of the worker and its children", 150, "MB RSS", at_least=False)
    yield Reached(goal, [peak.mb])


def _start(stack: ExitStack, command: list[str], env: Mapping[str, str], log: Path) -> Child:
    child = Child([str(OURS_PYTHON), "-m", *command], env={**inherited(), **env}, log=log)
    stack.callback(child.kill)
    return child
