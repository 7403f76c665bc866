"""Rules of CONTRIBUTING.md that no linter knows: how long a function, a file and a script may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_FUNCTION_LINES = 40
MAX_FILE_LINES = 400
MAX_LUA_LINES = 60
FOLDERS = (
    *("core", "openrouter", "api", "cli", "functions", "operator"),
    *("tests", "benchmarks", "examples"),
)


def test_no_function_is_longer_than_forty_lines():
    too_long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: {lines} lines"
        for path in _files("py")
        for function in _functions(path)
        if (lines := _body_lines(function)) > MAX_FUNCTION_LINES
    ]

    assert too_long == []


def test_no_file_is_longer_than_four_hundred_lines():
    too_long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in _files("py")
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    ]

    assert too_long == []


def test_no_lua_script_is_longer_than_sixty_lines():
    too_long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in _files("lua")
        if (lines := len(path.read_text().splitlines())) > MAX_LUA_LINES
    ]

    assert too_long == []


def test_no_test_is_skipped():
    """What a machine lacks is declared with ``needs``; a skip would hide what was not run."""
    skips = re.compile(r"pytest\.(?:skip|importorskip|mark\.(?:skip|skipif|xfail))\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "tests").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if skips.search(line)
    ]

    assert found == []


def test_no_work_is_left_for_later_in_a_comment():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for suffix in ("py", "lua")
        for path in _files(suffix)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]

    assert left == []


def _files(suffix: str) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob(f"*.{suffix}")


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without the docstring."""
    assert function.end_lineno is not None
    total = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        assert first.end_lineno is not None
        total -= first.end_lineno - first.lineno + 1
    return total
