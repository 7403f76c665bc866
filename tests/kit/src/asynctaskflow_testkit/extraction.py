"""pdfxtract called as its handler calls it, on the sample newspaper or any other document."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from asynctaskflow_pdfxtract.edition import make_edition
from asynctaskflow_pdfxtract.page_reader import LanguageModel
from asynctaskflow_pdfxtract.schema import Edition, PdfInput
from asynctaskflow_pdfxtract.settings import PdfxtractSettings
from asynctaskflow_testkit.scripted import Reports

SAMPLES = Path(__file__).resolve().parents[4] / "examples" / "samples"
GAZETTE = (SAMPLES / "gazette.pdf").read_bytes()
SOURCE = tomllib.loads((SAMPLES / "gazette.toml").read_text(encoding="utf-8"))


async def extract(
    data: bytes,
    *,
    model: LanguageModel | None = None,
    progress: Any = None,
    issue_date: date | None = None,
    **settings: Any,
) -> Edition:
    """The edition that becomes of ``data``.

    Args:
        settings: fields of ``PdfxtractSettings``, in place of its defaults.
    """
    return await make_edition(
        PdfInput(pdf_ref="x", filename="gazette.pdf", issue_date=issue_date),
        data,
        settings=PdfxtractSettings(**settings),
        progress=progress or Reports(),
        model=model,
        task_id="pdfxtract-1",
    )


class Traces:
    """What a handler leaves behind: child processes and temporary files that were not there before."""

    def __init__(self, temporary: Path) -> None:
        """Remember what is there now: the session keeps servers.

        Args:
            temporary: the folder of temporary files.
        """
        self._temporary = temporary
        self._pids = {child.pid for child in psutil.Process().children(recursive=True)}

    def children(self) -> list[psutil.Process]:
        """New processes."""
        found = psutil.Process().children(recursive=True)
        return [child for child in found if child.pid not in self._pids]

    def files(self) -> list[Path]:
        """Temporary files of pdfxtract."""
        return list(self._temporary.glob("pdfxtract-*"))
