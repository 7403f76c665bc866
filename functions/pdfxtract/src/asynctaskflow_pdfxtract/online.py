"""Articles read by a model: a few pages at a time, and a second round for those that failed in passing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from asynctaskflow.errors import InputRejected, NotNow, Retryable, TaskError
from asynctaskflow_openrouter.faults import Fault
from asynctaskflow_pdfxtract.answers import Unusable
from asynctaskflow_pdfxtract.document import Report
from asynctaskflow_pdfxtract.page_reader import Issue, PageReader
from asynctaskflow_pdfxtract.sandbox import ChildFailed
from asynctaskflow_pdfxtract.schema import Page

# What is wrong with the account, not with the page: no other page would fare better.
_CONCERNS_ALL = frozenset(
    {Fault.RATE_LIMITED, Fault.INSUFFICIENT_CREDITS, Fault.CREDENTIAL_REJECTED}
)


@dataclass(slots=True)
class Outcome:
    """All pages so far, and what ended the work on the others."""

    pages: dict[int, Page] = field(default_factory=dict)
    errors: dict[int, TaskError] = field(default_factory=dict)
    model: str = ""
    stopped_by: TaskError | NotNow | None = None


class Extraction:
    """One document on its way through the model."""

    def __init__(
        self, reader: PageReader, issue: Issue, report: Report, *, pages_in_flight: int
    ) -> None:
        """Prepare; nothing is asked yet."""
        self._reader = reader
        self._issue = issue
        self._report = report
        self._free = asyncio.Semaphore(pages_in_flight)
        self._outcome = Outcome()

    async def run(self) -> Outcome:
        """Return every page, or raise what keeps the whole document from being read now.

        Raises:
            NotNow: breaker open or tokens out for long; the task is handed back.
            TaskError: rate limit, credits or key: no page can be read at present.
        """
        await self._round(range(1, self._issue.pages + 1))
        passing = [
            number for number, error in self._outcome.errors.items() if isinstance(error, Retryable)
        ]
        await self._round(passing)
        if self._outcome.stopped_by is not None:
            raise self._outcome.stopped_by
        return self._outcome

    async def _round(self, numbers: Sequence[int]) -> None:
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                group.create_task(self._read(number))

    async def _read(self, number: int) -> None:
        async with self._free:
            if self._outcome.stopped_by is not None:
                return
            self._outcome.pages[number] = await self._page(number)
        await self._report(len(self._outcome.pages), self._issue.pages)

    async def _page(self, number: int) -> Page:
        self._outcome.errors.pop(number, None)
        try:
            reading = await self._reader.read(number, self._issue)
        except NotNow as error:
            self._outcome.stopped_by = self._outcome.stopped_by or error
            return _failed(number, str(error))
        except (ChildFailed, Unusable, TaskError) as error:
            task_error = _as_task_error(error)
            self._note(number, task_error)
            return _failed(number, str(task_error))
        self._outcome.model = reading.model
        if not reading.articles:
            return Page(page_number=number, status="skipped", reason="no article on the page")
        return Page(page_number=number, status="processed", articles=reading.articles)

    def _note(self, number: int, error: TaskError) -> None:
        self._outcome.errors[number] = error
        if error.error_class in _CONCERNS_ALL:
            # The first one counts: what follows it is often only its echo.
            self._outcome.stopped_by = self._outcome.stopped_by or error


def _as_task_error(error: ChildFailed | Unusable | TaskError) -> TaskError:
    match error:
        case ChildFailed():
            return InputRejected(f"not rendered: {error}", error_class="unsafe_document")
        case Unusable():
            return Retryable(f"unusable answer: {error}", error_class="unusable_answer")
        case _:
            return error


def _failed(number: int, reason: str) -> Page:
    return Page(page_number=number, status="failed", reason=reason[:500])
