"""The uploads that an input names: found by the names of its fields, kept for as long as its task.

Shared by whoever accepts tasks; never reads what was uploaded.
"""

from collections.abc import Mapping
from typing import Any

from asynctaskflow.blobs.port import ATTACHED_TTL_S, BlobNotFound, BlobStore

REF_SUFFIX = "_ref"


class UploadMissing(BlobNotFound):
    """An input names an upload that is not there.

    Attributes:
        field: of the input.
    """

    def __init__(self, field: str) -> None:
        """Keep the field."""
        super().__init__(f"{field}: no such upload")
        self.field = field


def named_uploads(value: Any) -> dict[str, str]:
    """Field -> reference, of the fields ``…_ref`` of an input."""
    if not isinstance(value, Mapping):
        return {}
    return {
        name: ref
        for name, ref in value.items()
        if name.endswith(REF_SUFFIX) and isinstance(ref, str)
    }


async def keep_uploads(blobs: BlobStore, uploads: Mapping[str, str]) -> None:
    """Keep them for as long as a task may live.

    Raises:
        UploadMissing: one is not there.
    """
    for field, ref in uploads.items():
        try:
            await blobs.expire(ref, ttl_s=ATTACHED_TTL_S)
        except BlobNotFound as error:
            raise UploadMissing(field) from error
