"""Temporary files of each test in a folder of its own, and what it leaves behind."""

import tempfile
from pathlib import Path

import pytest

from asynctaskflow_testkit.extraction import Traces


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traces:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return Traces(tmp_path)
