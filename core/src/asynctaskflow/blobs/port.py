"""The port of the blob store: large inputs and results, passed by reference.

A reference names function and blob, never a server, bucket or path: those are the deployment's. Blobs are
written once, under a name that nobody else has, so two executions of one task cannot mix their bytes.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Protocol

from asynctaskflow.errors import Permanent, Retryable
from asynctaskflow.model.task import FUNCTION_NAME

STAGED_TTL_S = 86_400.0
ATTACHED_TTL_S = 90 * 86_400.0
CONTENT_TYPE = "application/octet-stream"
CONTENT_TYPE_MAX_CHARS = 100

_REF = re.compile(r"(redis|s3):([a-z0-9-]{1,40})/([A-Za-z0-9][A-Za-z0-9-]{0,99})")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9]+")
_HINT_MAX_CHARS = 60


class BlobNotFound(Permanent):
    """No such blob: never stored, deleted, or past its time."""

    default_class = "blob_not_found"


class BlobTooLarge(Permanent):
    """More bytes than allowed; nothing was stored."""

    default_class = "blob_too_large"


class BlobCorrupt(Permanent):
    """The stored bytes are not those that were put."""

    default_class = "blob_corrupt"


class BlobsUnavailable(Retryable):
    """The store does not answer or refuses."""

    default_class = "blobs_unavailable"


@dataclass(frozen=True, slots=True)
class BlobName:
    """The parts of a reference, whose text is ``<scheme>:<function>/<id>``."""

    scheme: str
    function: str
    id: str

    @classmethod
    def parse(cls, ref: str) -> "BlobName":
        """Split a reference.

        Raises:
            BlobNotFound: the text is no reference, so there cannot be such a blob.
        """
        found = _REF.fullmatch(ref)
        if not found or not FUNCTION_NAME.fullmatch(found[2]):
            raise BlobNotFound(
                f"blob {ref[:120]!r}: expected redis:<function>/<id> or s3:<function>/<id>"
            )
        return cls(found[1], found[2], found[3])

    @classmethod
    def new(cls, scheme: str, function: str, hint: str = "") -> "BlobName":
        """A name that nobody else has; ``hint`` is for people who look at the store.

        Raises:
            ValueError: bad function name.
        """
        if not FUNCTION_NAME.fullmatch(function):
            raise ValueError(f"blob: bad function name {function[:60]!r}")
        readable = _NOT_IN_IDS.sub("-", hint).strip("-")[:_HINT_MAX_CHARS]
        return cls(scheme, function, f"{readable}-{token_hex(12)}".lstrip("-"))

    def __str__(self) -> str:
        return f"{self.scheme}:{self.function}/{self.id}"


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A stored blob; ``str()`` gives the reference that tasks carry."""

    name: BlobName
    bytes: int
    sha256: str
    content_type: str

    def __str__(self) -> str:
        return str(self.name)


@dataclass(frozen=True, slots=True)
class NewBlob:
    """What to know before the first byte.

    Attributes:
        max_bytes: the stream is refused as soon as it exceeds this.
        ttl_s: the blob is gone after this unless ``expire`` says otherwise.
        hint: part of the id.
    """

    function: str
    max_bytes: int
    content_type: str = CONTENT_TYPE
    ttl_s: float = STAGED_TTL_S
    hint: str = ""


Data = bytes | AsyncIterable[bytes]


class BlobStore(Protocol):
    """Keeps bytes under a reference."""

    async def put(self, new: NewBlob, data: Data) -> BlobRef:
        """Store a stream, holding no more than a chunk of it in memory.

        Raises:
            BlobTooLarge: nothing is left of it, as after any other failure.
        """
        ...

    async def stat(self, ref: str) -> BlobRef:
        """Size, digest and type.

        Raises:
            BlobNotFound
        """
        ...

    def open(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes in chunks; trust them only after the last one, when the digest has been compared.

        Raises:
            BlobNotFound, BlobCorrupt
        """
        ...

    async def read(self, ref: str, *, max_bytes: int) -> bytes:
        """All bytes, digest compared.

        Raises:
            BlobNotFound, BlobCorrupt, BlobTooLarge
        """
        ...

    async def expire(self, ref: str, *, ttl_s: float) -> None:
        """The blob is gone after ``ttl_s`` from now, unless told again.

        Raises:
            BlobNotFound
        """
        ...

    async def delete(self, ref: str) -> None:
        """Remove it; fine if it is gone already."""
        ...
