"""The two sample tasks, through the API like any caller's: submit, follow, show."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from asynctaskflow_cli import samples
from asynctaskflow_cli.client import Api
from asynctaskflow_cli.commands.options import Format
from asynctaskflow_cli.exits import Exit
from asynctaskflow_cli.render import out, print_json, print_yaml

POLL_S = 0.1
TERMINAL = frozenset({"COMPLETED", "FAILED", "DLQ", "CANCELLED"})
MAX_ARTICLES = 6
BODY_CHARS = 220


@dataclass(slots=True)
class Sample:
    """One sample task on its way: what the API last said of it."""

    title: str
    task: Mapping[str, Any]
    result: Any = None

    @property
    def id(self) -> str:
        """The task's id."""
        return str(self.task["task_id"])

    @property
    def state(self) -> str:
        """Where it is."""
        return str(self.task["state"])


class Demo:
    """Plays the samples against an API; ``exit_code`` says how it went."""

    def __init__(self, form: Format) -> None:
        """Args: form: how the results are printed."""
        self.exit_code = Exit.ERROR
        self._form = form
        self._screen = Console(stderr=True, highlight=False)

    async def play(self, api_url: str) -> None:
        """Submit both samples, follow them to their end, print the results.

        Raises:
            CommandError: the API refused one.
        """
        began_s = time.monotonic()
        with Api(api_url) as api:
            found = [
                await asyncio.to_thread(_submit_text, api),
                await asyncio.to_thread(_submit_pdf, api),
            ]
            await self._follow(api, found)
            for sample in found:
                if sample.state == "COMPLETED":
                    path = f"/api/v1/tasks/{sample.id}/result"
                    sample.result = await asyncio.to_thread(api.get, path)
        self._show(found)
        good = all(sample.state == "COMPLETED" for sample in found)
        self.exit_code = Exit.OK if good else Exit.TASK_FAILED
        self._screen.print(f"{len(found)} tasks in {time.monotonic() - began_s:.1f} s")

    async def _follow(self, api: Api, found: list[Sample]) -> None:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            TextColumn("{task.fields[state]:<10} {task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._screen,
            disable=not self._screen.is_terminal,
        ) as bars:
            rows = [
                (one, bars.add_task(one.title, total=1.0, state="PENDING", note=""))
                for one in found
            ]
            while any(one.state not in TERMINAL for one in found):
                await asyncio.sleep(POLL_S)
                for one, row in rows:
                    await self._refresh(api, one, bars, row)

    async def _refresh(self, api: Api, one: Sample, bars: Progress, row: TaskID) -> None:
        if one.state in TERMINAL:
            return
        before = one.state
        one.task = await asyncio.to_thread(api.get, f"/api/v1/tasks/{one.id}")
        done = 1.0 if one.state in TERMINAL else float(one.task.get("progress") or 0)
        bars.update(row, completed=done, state=one.state, note=one.task.get("note") or "")
        if one.state != before and not self._screen.is_terminal:
            self._screen.print(f"{one.title}: {one.state}")

    def _show(self, found: list[Sample]) -> None:
        match self._form:
            case Format.JSON:
                print_json([_plain(one) for one in found])
            case Format.YAML:
                print_yaml([_plain(one) for one in found])
            case _:
                for one in found:
                    out().print(Panel(_told(one), title=one.title, title_align="left"))


def _submit_text(api: Api) -> Sample:
    text = samples.find(samples.TEXT).read_text(encoding="utf-8")
    answer = api.post("/api/v1/tasks/summarize/", {"content": text})
    return Sample(f"summarize {samples.TEXT}", answer)


def _submit_pdf(api: Api) -> Sample:
    path = samples.find(samples.PDF)
    with path.open("rb") as content:
        file = (path.name, content, "application/pdf")
        answer = api.call("POST", "/api/v1/tasks/pdfxtract", file=file).body
    return Sample(f"pdfxtract {samples.PDF}", answer)


def _plain(one: Sample) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "error": one.task.get("last_error"),
        "result": one.result,
    }


def _told(one: Sample) -> RenderableType:
    if not isinstance(one.result, dict):
        return Text(f"{one.state}: {one.task.get('last_error') or 'no result'}", style="red")
    if "summary" in one.result:
        return Text(f"{one.result['summary']}\n\n{_source(one.result)}")
    pages = one.result.get("pages") or []
    articles = [(page, article) for page in pages for article in page.get("articles") or []]
    heads = [_article(page, article) for page, article in articles[:MAX_ARTICLES]]
    more = len(articles) - len(heads)
    tail = f"\nand {more} more articles" if more > 0 else ""
    return Group(
        *heads, Text(f"{tail}\n{len(pages)} pages, {len(articles)} articles. {_source(one.result)}")
    )


def _article(page: Mapping[str, Any], article: Mapping[str, Any]) -> Text:
    body = " ".join(str(article.get("summary") or article.get("body") or "").split())
    short = body if len(body) <= BODY_CHARS else f"{body[:BODY_CHARS].rsplit(' ', 1)[0]} …"
    author = f" ({article['author']})" if article.get("author") else ""
    number = page.get("page") or page.get("number") or page.get("page_number") or ""
    return Text.assemble(
        (f"p. {number}  {article.get('title') or '(untitled)'}", "bold"), f"{author}\n{short}\n"
    )


def _source(result: Mapping[str, Any]) -> str:
    model = f", {result['model']}" if result.get("model") else ""
    return f"By provider {result.get('provider', '?')}{model}."
