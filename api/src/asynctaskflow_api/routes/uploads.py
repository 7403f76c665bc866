"""Files: kept as blobs and named in a task's input. The seed's PDF route is an upload and a task in one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from asynctaskflow.blobs.port import ATTACHED_TTL_S, CONTENT_TYPE, BlobName, BlobNotFound, NewBlob
from asynctaskflow.errors import IdempotencyConflict, QueueFull
from asynctaskflow.model.task import TaskId
from asynctaskflow.taskqueue.messages import Accepted
from asynctaskflow_api import body
from asynctaskflow_api.access import Role
from asynctaskflow_api.backend import Services
from asynctaskflow_api.download import plain_name
from asynctaskflow_api.problems import (
    NotAPdf,
    NotThatFormat,
    TooManyAtOnce,
    WrongMediaType,
    invalid_fields,
)
from asynctaskflow_api.reply import Reply, reply
from asynctaskflow_api.routes.submit import IDEMPOTENCY, QUERY, WAITED
from asynctaskflow_api.routing import Routes
from asynctaskflow_api.schema import TaskResponse, UploadResponse
from asynctaskflow_api.submission import Options, acceptance, new_task, outcome, read_options

PDFXTRACT = "pdfxtract"
PDF = "application/pdf"
PDF_MAGIC = b"%PDF-"
MAGIC_WITHIN = 1024
CHUNK = 65_536
FIELD_BYTES = 4096
MULTIPART_SLACK = 65_536
DIGEST_CHARS = 32
CREATED = 201
BINARY = {"type": "string", "format": "binary"}
PDF_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {**BINARY, "description": "The PDF."},
                    "issue_date": {"type": "string", "format": "date"},
                },
            },
            "encoding": {"file": {"contentType": PDF}},
        }
    },
}
UPLOAD_BODY = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": BINARY},
        PDF: {"schema": BINARY},
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": BINARY}}
        },
    },
}


class UploadRoutes:
    """Handlers that take files."""

    def __init__(self, services: Services) -> None:
        """Keep the services."""
        self._services = services
        self._settings = services.settings
        self._running = 0

    def mount(self, routes: Routes) -> None:
        """Register them."""
        common: dict[str, Any] = {
            "role": Role.WRITE,
            "status": CREATED,
            "failures": (404, 408, 413, 415, 429),
            "unbounded": True,
        }
        routes.add(
            "POST",
            "/api/v1/tasks/pdfxtract",
            self.create_pdf_extraction_task,
            tag="application",
            model=TaskResponse,
            responses=WAITED,
            body=PDF_BODY,
            headers=IDEMPOTENCY,
            query=QUERY,
            **common,
        )
        routes.add(
            "POST",
            "/api/v1/uploads",
            self.upload,
            tag="uploads",
            model=UploadResponse,
            body=UPLOAD_BODY,
            **common,
        )

    async def create_pdf_extraction_task(self, request: Request) -> Reply:
        """Extract the articles of a PDF.

        The seed's route: a multipart form with ``file`` and, if known, ``issue_date`` (ISO 8601). The same
        ``Idempotency-Key`` with the same file gives the same task.
        """
        options = read_options(request, wait_max_s=self._settings.wait_max_s)
        async with self._turn(), self._form(request) as form:
            file, issue_date = _file(form), _issue_date(form)
            _must_be_pdf(file)
            given = {"filename": _filename(file.filename)}
            if issue_date:
                given["issue_date"] = issue_date
            document = Document(file, await _checked_digest(file), given)
            accepted = await self._accept(document, options)
        if options.wait_s:
            return await outcome(self._services, accepted, options)
        return acceptance(accepted, CREATED)

    async def _accept(self, document: "Document", options: Options) -> Accepted:
        """Store the file and the task; under a known key neither, if it is the same file.

        The task's id follows from the key, since the input, which names a fresh blob, cannot tell.
        """
        limit_s = self._settings.request_timeout_s
        if not options.key:
            return await self._enqueue(document, options, uuid=None)
        task_id = TaskId(PDFXTRACT, uuid_of_key(options.key))
        async with asyncio.timeout(limit_s):
            known = await self._known(task_id, document)
        if known is not None:
            return known
        try:
            return await self._enqueue(document, options, uuid=task_id.uuid)
        except IdempotencyConflict:
            known = await self._known(task_id, document)
            if known is None:
                raise
            return known

    async def _known(self, task_id: TaskId, document: "Document") -> Accepted | None:
        """The task of this key, if there is one.

        Raises:
            IdempotencyConflict: it is about another file.
        """
        found = await self._services.queue.tasks([task_id])
        if not found:
            return None
        if not document.is_input(await self._services.queue.input(task_id)):
            raise IdempotencyConflict("idempotency key: already used with another file")
        return Accepted(task_id, found[0].state, created=False)

    async def _enqueue(
        self, document: "Document", options: Options, *, uuid: str | None
    ) -> Accepted:
        spec = await self._services.catalog.spec(PDFXTRACT)
        new = NewBlob(
            PDFXTRACT,
            self._settings.upload_max_bytes,
            content_type=PDF,
            ttl_s=ATTACHED_TTL_S,
            hint=document.digest,
        )
        ref = str(await self._services.blobs.put(new, chunks_of(document.file)))
        task = new_task(PDFXTRACT, spec, document.input(ref), replace(options, key=""))
        refused = (IdempotencyConflict, QueueFull)
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                accepted = await self._services.queue.enqueue(replace(task, uuid=uuid or task.uuid))
        except refused:
            await self._services.blobs.delete(ref)
            raise
        self._services.meter.enqueued(PDFXTRACT)
        return accepted

    async def upload(
        self,
        request: Request,
        function: Annotated[str, Query(max_length=40, description="Function that will use it.")],
    ) -> Reply:
        """Store a file for a task's input.

        Send the bytes as the body, or a multipart form with ``file``. The answer's ``ref`` goes into the input, such as
        ``pdf_ref`` of pdfxtract. Uploads that no task uses vanish after a day.
        """
        settings = self._settings
        async with asyncio.timeout(settings.request_timeout_s):
            await self._services.catalog.spec(function)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        async with self._turn():
            if kind == "multipart/form-data":
                async with self._form(request) as form:
                    file = _file(form)
                    return await self._stored(function, file.content_type or "", chunks_of(file))
            body.refuse_declared(request, settings.upload_max_bytes)
            chunks = body.chunks(
                request, max_bytes=settings.upload_max_bytes, idle_s=settings.body_timeout_s
            )
            return await self._stored(function, kind, chunks)

    async def _stored(self, function: str, kind: str, chunks: AsyncIterator[bytes]) -> Reply:
        settings = self._settings
        new = NewBlob(
            function,
            settings.upload_max_bytes,
            content_type=kind or CONTENT_TYPE,
            ttl_s=settings.upload_max_age_s,
        )
        data = checked_pdf(chunks) if kind == PDF else chunks
        ref = await self._services.blobs.put(new, data)
        answer = {
            "ref": str(ref),
            "size": ref.bytes,
            "sha256": ref.sha256,
            "content_type": ref.content_type,
            "expires_in_seconds": settings.upload_max_age_s,
        }
        return reply(answer, status=CREATED)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the uploads that may run at once.

        Raises:
            TooManyAtOnce
        """
        if self._running >= self._settings.uploads_at_once:
            raise TooManyAtOnce("uploads", headers={"Connection": "close"})
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @asynccontextmanager
    async def _form(self, request: Request) -> AsyncIterator[FormData]:
        """The multipart form, bounded while it arrives; its file lies in an unnamed temporary file.

        Raises:
            WrongMediaType, BodyTooLarge, BodyTimeout, HTTPException
        """
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise WrongMediaType("send multipart/form-data")
        settings = self._settings
        most = settings.upload_max_bytes + MULTIPART_SLACK
        body.refuse_declared(request, most)
        received = body.chunks(request, max_bytes=most, idle_s=settings.body_timeout_s)
        limited = Request(request.scope, _as_receive(received))
        async with limited.form(max_files=1, max_fields=8, max_part_size=FIELD_BYTES) as form:
            yield form


@dataclass(frozen=True, slots=True)
class Document:
    """A received PDF and what was said of it."""

    file: UploadFile
    digest: str
    given: Mapping[str, str]

    def input(self, ref: str) -> bytes:
        """The task's input."""
        return orjson.dumps({"pdf_ref": ref, **self.given})

    def is_input(self, stored: bytes) -> bool:
        """Whether a stored input is about this very file; a blob's name begins with its digest."""
        try:
            fields = orjson.loads(stored)
            name = BlobName.parse(fields.pop("pdf_ref"))
        except (orjson.JSONDecodeError, KeyError, TypeError, BlobNotFound):
            return False
        return fields == dict(self.given) and name.id.startswith(self.digest + "-")


def uuid_of_key(key: str) -> str:
    """A UUID (version 8: of our own making) that only this key gives."""
    raw = bytearray(sha256(b"pdfxtract\0" + key.encode()).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(raw)))


def _as_receive(chunks: AsyncIterator[bytes]) -> Receive:
    async def receive() -> Message:
        part = await anext(chunks, None)
        if part is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": part, "more_body": True}

    return receive


def _file(form: FormData) -> UploadFile:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        missing = {"loc": ("file",), "msg": "a file is required", "type": "missing"}
        raise invalid_fields([missing])
    return file


def _issue_date(form: FormData) -> str:
    text = form.get("issue_date")
    if not text:
        return ""
    try:
        return date.fromisoformat(str(text).strip()).isoformat()
    except ValueError as error:
        wrong = {"loc": ("issue_date",), "msg": "expected YYYY-MM-DD", "type": "date"}
        raise invalid_fields([wrong]) from error


def _must_be_pdf(file: UploadFile) -> None:
    if not (file.content_type or "").lower().startswith(PDF):
        raise NotAPdf(f"file: the content type is not {PDF}")


def _filename(given: str | None) -> str:
    """A plain name for people."""
    return plain_name(given or "") or "document.pdf"


async def _checked_digest(file: UploadFile) -> str:
    """The digest of a file that begins like a PDF; the file is at its start again.

    Raises:
        NotThatFormat
    """
    digest = sha256()
    async for chunk in checked_pdf(chunks_of(file)):
        digest.update(chunk)
    await file.seek(0)
    return digest.hexdigest()[:DIGEST_CHARS]


async def chunks_of(file: UploadFile) -> AsyncIterator[bytes]:
    """The file in pieces."""
    while chunk := await file.read(CHUNK):
        yield chunk


async def checked_pdf(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, if they begin like a PDF.

    Raises:
        NotThatFormat
    """
    head, checked = b"", False
    async for chunk in chunks:
        if not checked:
            head += chunk
            if len(head) < MAGIC_WITHIN:
                continue
            _must_begin_like_pdf(head)
            chunk, checked = head, True
        yield chunk
    if not checked:
        _must_begin_like_pdf(head)
        yield head


def _must_begin_like_pdf(head: bytes) -> None:
    if PDF_MAGIC not in head[:MAGIC_WITHIN]:
        raise NotThatFormat("the content does not begin like a PDF")
