"""Which manifests the local stack runs, and what it says of those that it cannot."""

from pathlib import Path

import pytest

from asynctaskflow_cli.stack.manifests import BadManifest, load

FUNCTION = """
apiVersion: asynctaskflow.dev/v1alpha1
kind: Function
metadata: {{name: {name}}}
spec: {{handler: "m:f", description: {text}{more}}}
"""
DEPENDENCY = """
apiVersion: asynctaskflow.dev/v1alpha1
kind: Dependency
metadata: {name: llm}
spec: {}
"""


def function(name: str = "one", text: str = "first", more: str = "") -> str:
    return FUNCTION.format(name=name, text=text, more=more)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_a_folder_and_folders_of_functions_are_read(tmp_path: Path) -> None:
    single = write(tmp_path, "single.yaml", function("single"))
    write(tmp_path, "flat/a.yaml", function("flat"))
    write(tmp_path, "flat/nested/function.yaml", function("nested"))
    found = load([single, tmp_path / "flat"], shipped=False)
    assert [m.metadata.name for m in found.functions] == ["single", "flat", "nested"]


def test_one_file_may_hold_many_documents(tmp_path: Path) -> None:
    both = write(
        tmp_path, "both.yaml", f"{DEPENDENCY}---{function(more=', dependencies: [llm]')}---\n"
    )
    found = load([both], shipped=False)
    assert [m.metadata.name for m in found.dependencies] == ["llm"]
    assert found.functions[0].spec.dependencies == ("llm",)


def test_the_later_of_two_namesakes_counts(tmp_path: Path) -> None:
    old = write(tmp_path, "old.yaml", function(text="old"))
    new = write(tmp_path, "new.yaml", function(text="new"))
    found = load([old, new], shipped=False)
    assert [m.spec.description for m in found.functions] == ["new"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (function(more=", retires: 3"), r"bad\.yaml: spec\.retires: Extra inputs"),
        (function("Bad_Name"), r"bad\.yaml: metadata\.name: "),
        (
            function(more=", dependencies: [gone]"),
            "function one: dependency 'gone' has no manifest",
        ),
        ("kind: Pod", r"bad\.yaml: kind: expected Function or Dependency, got 'Pod'"),
        ("- 1", r"bad\.yaml: kind: expected Function or Dependency, got None"),
        ("a: [", r"bad\.yaml: while parsing"),
    ],
)
def test_a_bad_manifest_is_refused_with_file_and_field(
    tmp_path: Path, text: str, message: str
) -> None:
    bad = write(tmp_path, "bad.yaml", text)
    with pytest.raises(BadManifest, match=message):
        load([bad], shipped=False)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="no such file"):
        load([tmp_path / "gone"], shipped=False)
    with pytest.raises(BadManifest, match=r"no function\.yaml in it"):
        load([tmp_path], shipped=False)
