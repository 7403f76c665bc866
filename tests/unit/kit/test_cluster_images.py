"""Which images the cluster's harness builds, and when it does not build one again."""

from pathlib import Path

import pytest

from asynctaskflow_testkit.kubernetes import images
from asynctaskflow_testkit.kubernetes.images import IMAGES, ROOT, Image

COPIED = {
    name: [
        source
        for line in (ROOT / image.dockerfile).read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    for name, image in IMAGES.items()
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "part/__pycache__").mkdir(parents=True)
    (tmp_path / "part/code.py").write_text("1")
    (tmp_path / "Dockerfile").write_text("FROM nothing")
    monkeypatch.setattr(images, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_depends_on_all_that_its_dockerfile_copies(name: str) -> None:
    """Else a change of it would leave an old image in the cluster."""
    image = IMAGES[name]
    inputs = [ROOT / entry for entry in image.inputs]
    forgotten = [
        source
        for source in COPIED[name]
        if not any((ROOT / image.context / source).is_relative_to(entry) for entry in inputs)
    ]

    assert forgotten == []


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_is_made_from_exists(name: str) -> None:
    image = IMAGES[name]

    assert [
        entry for entry in (image.dockerfile, *image.inputs) if not (ROOT / entry).exists()
    ] == []


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_names_the_base_that_it_stands_on(name: str) -> None:
    stands_on_ours = "ARG BASE" in (ROOT / IMAGES[name].dockerfile).read_text()

    assert bool(IMAGES[name].base) is stands_on_ours


def test_bytecode_beside_the_sources_is_no_input(tree: Path) -> None:
    (tree / "part/__pycache__/code.pyc").write_bytes(b"compiled")

    assert list(Image("Dockerfile", ("part",)).files()) == [
        tree / "Dockerfile",
        tree / "part/code.py",
    ]


def test_a_single_file_is_an_input_too(tree: Path) -> None:
    assert tree / "part/code.py" in Image("Dockerfile", ("part/code.py",)).files()


def test_every_dockerfile_of_a_deployable_has_an_image() -> None:
    patterns = ("*/Dockerfile", "functions/*/Dockerfile", "examples/*/Dockerfile")
    found = {str(path.relative_to(ROOT)) for one in patterns for path in ROOT.glob(one)}

    assert found <= {image.dockerfile for image in IMAGES.values()}


@pytest.mark.parametrize("changed", ["part/code.py", "Dockerfile"])
def test_changed_input_changes_the_key_of_its_image_and_of_what_stands_on_it(
    tree: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    made = {"low": Image("Dockerfile", ("part",)), "high": Image("Dockerfile", (), base="low")}
    monkeypatch.setattr(images, "IMAGES", made)
    before = {name: images.key_of(name) for name in made}

    (tree / changed).write_text("2")

    assert all(images.key_of(name) != before[name] for name in made)
