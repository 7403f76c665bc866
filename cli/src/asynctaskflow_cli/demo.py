"""The two sample tasks, through the API like any caller's: submit, follow, show."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from asynctaskflow_cli import paths, samples
from asynctaskflow_cli.client import Api
from asynctaskflow_cli.commands.options import Format
from asynctaskflow_cli.exits import Exit
from asynctaskflow_cli.follow import TERMINAL, Bars, look
from asynctaskflow_cli.render import print_json, print_yaml

POLL_S = 0.1
MAX_ARTICLES = 6
BODY_CHARS = 220
PAGE_WIDTH = 100


@dataclass(slots=True)
class Sample:
    """One sample task on its way: what the API last said of it."""

    title: str
    task: dict[str, Any]
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
                    path = paths.task(sample.id, "result")
                    sample.result = await asyncio.to_thread(api.get, path)
        self._show(found)
        good = all(sample.state == "COMPLETED" for sample in found)
        self.exit_code = Exit.OK if good else Exit.TASK_FAILED
        self._screen.print(f"{len(found)} tasks in {time.monotonic() - began_s:.1f} s")

    async def _follow(self, api: Api, found: list[Sample]) -> None:
        with Bars([one.title for one in found]) as bars:
            while any(one.state not in TERMINAL for one in found):
                for number, one in enumerate(found):
                    one.task = await asyncio.to_thread(look, api, one.id)
                    bars.show(number, one.task)
                await asyncio.sleep(POLL_S)

    def _show(self, found: list[Sample]) -> None:
        match self._form:
            case Format.JSON:
                print_json([_plain(one) for one in found])
            case Format.YAML:
                print_yaml([_plain(one) for one in found])
            case _:
                page = Console(width=None if sys.stdout.isatty() else PAGE_WIDTH, highlight=False)
                for one in found:
                    page.print(Panel(_told(one), title=one.title, title_align="left"))


def _submit_text(api: Api) -> Sample:
    text = samples.find(samples.TEXT).read_text(encoding="utf-8")
    answer = api.post(paths.SUMMARIZE, {"content": text})
    return Sample(f"summarize {samples.TEXT}", answer)


def _submit_pdf(api: Api) -> Sample:
    path = samples.find(samples.PDF)
    with path.open("rb") as content:
        file = (path.name, content, "application/pdf")
        answer = api.call("POST", paths.PDFXTRACT, file=file).body
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
    return Text.assemble(
        (f"p. {page['page_number']}  {article.get('title') or '(untitled)'}", "bold"),
        f"{author}\n{short}\n",
    )


def _source(result: Mapping[str, Any]) -> str:
    model = f", {result['model']}" if result.get("model") else ""
    return f"By provider {result.get('provider', '?')}{model}."
