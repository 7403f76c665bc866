import pytest
from pydantic import ValidationError

from asynctaskflow_pdfxtract.schema import PdfInput


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"pdf_ref": "a", "pdf_base64": "b"},
        {"pdf_ref": "a", "issue_date": "14 March 2026"},
        {"pdf_ref": "a", "issue_date": "2026-02-30"},
        {"pdf_ref": "a", "filename": "a\nb.pdf"},
        {"pdf_ref": "a", "filename": "/"},
        {"pdf_ref": "a", "pages": 3},
    ],
)
def test_unclear_input_is_refused(fields):
    with pytest.raises(ValidationError):
        PdfInput.model_validate(fields)


@pytest.mark.parametrize("name", ["../../etc/paper.pdf", "C:\\news\\paper.pdf", " paper.pdf "])
def test_of_a_path_only_the_name_is_kept(name):
    assert PdfInput(pdf_ref="a", filename=name).filename == "paper.pdf"
