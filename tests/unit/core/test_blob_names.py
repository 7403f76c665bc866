"""Which texts are references to blobs."""

import pytest

from asynctaskflow.blobs.port import (
    BlobName,
    BlobNotFound,
)


@pytest.mark.parametrize(
    "ref",
    ["", "redis:", "file:summarize/x", "redis:summarize/../x", "redis:Summarize/x", "s3:a/b/c",
     "redis:summarize/a:1", "redis:summarize/x\n", "redis:{f}/x", "redis:-a/x", "s3:/x"],
)  # fmt: skip
def test_a_text_that_is_no_reference_is_not_found(ref: str):
    with pytest.raises(BlobNotFound):
        BlobName.parse(ref)


@pytest.mark.parametrize("function", ["", "a/b", "..", "A", "a" * 41])
def test_no_blob_has_a_name_outside_its_function(function: str):
    with pytest.raises(ValueError, match="bad function name"):
        BlobName.new("redis", function)


def test_a_hint_of_any_text_gives_a_valid_reference():
    for hint in ["", "../../etc", "ä" * 500, "a b\n", "-", "result-" + "0" * 90]:
        name = BlobName.new("s3", "summarize", hint)
        assert BlobName.parse(str(name)) == name
