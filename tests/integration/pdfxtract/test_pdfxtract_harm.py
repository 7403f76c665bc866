"""Documents made to harm: refused or read within the limits, and nothing left behind."""

import zlib

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from asynctaskflow import InputRejected
from asynctaskflow_testkit.extraction import GAZETTE, extract
from asynctaskflow_testkit.pdfs import (
    draw,
    form,
    many_pages,
    one_page,
    page_tree,
    text_page,
    three_pages,
    zeros,
)

HARMFUL = {
    "a page of 200,000 points": lambda: one_page(
        zlib.compress(b"BT /F 9 Tf (x) Tj ET"), box=b"[0 0 200000 200000]"
    ),
    "100,000 pages": lambda: many_pages(100_000),
    "1 GB of zeros": lambda: one_page(zeros(1000)),
    "a million words": lambda: one_page(
        zlib.compress(b"BT /F 9 Tf " + b"(abcd) Tj " * 10**6 + b"ET")
    ),
    "a form that draws itself": lambda: one_page(
        zlib.compress(b"/X Do"), xobject=form(b"/X Do /X Do")
    ),
    "a page tree that holds itself": lambda: page_tree(b"2 0 R 2 0 R", 2),
    "a page tree that lies": lambda: page_tree(b"2 0 R", 150),
    "a circular cross-reference": lambda: page_tree(b"", 0),
    "filters in filters": lambda: one_page(b"x", filters=b"[" + b"/FlateDecode " * 50 + b"]"),
    "half a file": lambda: GAZETTE[: len(GAZETTE) // 2],
    "only a header": lambda: b"%PDF-1.7\n",
    "a ZIP archive": lambda: b"PK\x03\x04" + bytes(5000),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", HARMFUL)
async def test_a_harmful_document_is_refused_and_leaves_nothing_behind(name, traces):
    with pytest.raises(InputRejected) as caught:
        await extract(HARMFUL[name](), page_wall_s=10)

    assert caught.value.error_class in {
        *("unsafe_document", "damaged_document", "not_a_pdf", "empty_document"),
    }
    assert traces.children() == []
    assert traces.files() == []


@pytest.mark.parametrize("passwords", [("secret", "owner"), ("a" * 32, "b" * 32)])
async def test_an_encrypted_document_is_called_encrypted(passwords):
    user, owner = passwords
    data = draw(text_page, encrypt=StandardEncryption(user, owner, canPrint=0, strength=128))

    with pytest.raises(InputRejected) as caught:
        await extract(data)

    assert caught.value.error_class == "encrypted"


async def test_a_document_that_opens_without_a_password_is_read():
    data = draw(text_page, encrypt=StandardEncryption("", "owner", canPrint=0, strength=128))

    assert (await extract(data)).pages[0].status == "processed"


async def test_a_pdf_behind_a_zip_header_is_read_as_the_pdf_that_it_is():
    found = await extract(b"PK\x03\x04" + bytes(26) + GAZETTE)

    assert found.pages[0].status == "processed"


async def test_size_and_pages_are_bounded():
    with pytest.raises(InputRejected) as caught:
        await extract(GAZETTE, max_bytes=1000)
    assert caught.value.error_class == "too_large"

    with pytest.raises(InputRejected) as caught:
        await extract(GAZETTE, max_pages=1)
    assert caught.value.error_class == "unsafe_document"


async def test_a_parser_that_is_too_slow_is_killed(traces):
    with pytest.raises(InputRejected, match="no answer within") as caught:
        await extract(GAZETTE, page_wall_s=0.001)

    assert caught.value.error_class == "unsafe_document"
    assert traces.children() == []


async def test_a_page_that_kills_the_parser_costs_only_itself():
    poison = b"BT /F 9 Tf " + b"(abcdefgh) Tj " * 10**6 + b"ET"

    found = await extract(three_pages(odd=2, content=poison))

    assert [page.status for page in found.pages] == ["processed", "failed", "processed"]
    assert "parser was stopped" in (found.pages[1].reason or "")
