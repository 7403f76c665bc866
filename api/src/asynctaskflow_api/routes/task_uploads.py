"""The files that a task's input names, to be looked at: by the name of the field, never by a reference."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
from fastapi import Header
from starlette.responses import Response

from asynctaskflow.blobs.attachments import named_uploads
from asynctaskflow.blobs.port import ATTACHED_TTL_S, BlobName, BlobNotFound, BlobRef
from asynctaskflow.model.task import TaskId
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.download import Bounds, Download, is_known, lasting
from asynctaskflow_api.problems import TooManyAtOnce, UploadGone, UploadNotNamed
from asynctaskflow_api.routes.tasks import TASK, parse_id
from asynctaskflow_api.routing import Routes

NOT_MODIFIED = 304
FIELDS_SHOWN = 10
FIELD_CHARS = 200
KEPT = f"uploads are kept for {ATTACHED_TTL_S / 86_400:g} days after their task was submitted"
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, of the type that its sender declared",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    NOT_MODIFIED: {"description": "The file that If-None-Match names"},
}
Known = Annotated[str, Header(alias="If-None-Match", max_length=4096)]


class TaskUploadRoutes:
    """The handler for what was uploaded for a task."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services
        self._running = 0

    def mount(self, routes: Routes) -> None:
        """Register it."""
        routes.add(
            "GET",
            TASK + "/uploads/{field}",
            self.get_task_upload,
            role=Role.READ,
            tag="uploads",
            responses=ANSWERS,
            failures=(404, 429),
            unbounded=True,
        )

    async def get_task_upload(self, task_id: str, field: str, known: Known = "") -> Response:
        """Get an upload that a task's input names.

        ``field`` is the input's field that holds the reference, such as ``pdf_ref``. If the file is damaged, or removed
        meanwhile, the connection ends before its last byte.
        """
        settings = self._services.settings
        async with asyncio.timeout(settings.request_timeout_s):
            given = await self._input(found := parse_id(task_id))
        upload = await self._named(found.function, given, field)
        if is_known(upload, known):
            return Response(status_code=NOT_MODIFIED, headers=lasting(upload))
        bounds = Bounds(self._turn, settings.body_timeout_s)
        return Download(self._services.blobs, upload, bounds, filename=_filename(given))

    async def _input(self, task_id: TaskId) -> Any:
        """The task's input; ``None`` where it is itself a blob, whose uploads nobody has kept."""
        await self._services.queue.get(task_id)
        return orjson.loads(await self._services.queue.input(task_id) or b"null")

    async def _named(self, function: str, given: Any, field: str) -> BlobRef:
        """The upload behind a field.

        Raises:
            UploadNotNamed, UploadGone
        """
        uploads = named_uploads(given)
        if field not in uploads:
            names = ", ".join(sorted(uploads)[:FIELDS_SHOWN]) or "none"
            raise UploadNotNamed(f"{field[:FIELD_CHARS]!r}: the input names {names[:FIELD_CHARS]}")
        gone = UploadGone(KEPT, extra={"field": field})
        try:
            if BlobName.parse(uploads[field]).function == function:
                return await self._services.blobs.stat(uploads[field])
        except BlobNotFound as error:
            raise gone from error
        raise gone  # another function's: its worker would not get it either

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the downloads that may run at once.

        Raises:
            TooManyAtOnce
        """
        if self._running >= self._services.settings.downloads_at_once:
            raise TooManyAtOnce("downloads")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


def _filename(given: Any) -> str:
    name = given.get("filename") if isinstance(given, Mapping) else None
    return name if isinstance(name, str) else ""
